/** Whether the pipeline's group can apply every overlay, asked of the API server: it judges what a role may give away, too. */
import { join } from "node:path";
import { type Document, kindOf } from "../kubernetes/document.ts";
import type { Overlay } from "../kubernetes/overlays.ts";
import type { Cluster } from "./control-plane.ts";

const AS = ["--as=the-pipeline", "--as-group=genai-demo:deployers"];
const NAMESPACES = ["k8s/namespace/namespaces.yaml", "k8s/fluent-bit/namespace.yaml"];
const DEPLOYERS = "k8s/bootstrap/deployers.yaml";
const FORBIDDEN = [
  ["get", "secrets", "-n", "genai-demo"],
  ["create", "pods", "--subresource=exec", "-n", "genai-demo"],
  ["delete", "rollouts.argoproj.io", "-n", "genai-demo"],
  ["create", "clusterroles.rbac.authorization.k8s.io"],
  ["patch", "deployments.apps", "-n", "kube-system"],
];

const isError = (line: string) => line.startsWith("Error") || line.startsWith("error");

/** What it is refused of the overlays, as the cluster's administrator has set it up; and what it may beyond that. */
export async function deployerFaults(
  { kubectl }: Cluster,
  overlays: readonly Overlay[],
  root: string,
): Promise<readonly string[]> {
  const files = [...NAMESPACES, DEPLOYERS].flatMap((path) => ["-f", join(root, path)]);
  const setUp = await kubectl.run(["apply", ...files]);
  if (setUp.code !== 0) return [setUp.said];
  const faults: string[] = [];
  for (const { name, before, objects } of overlays) {
    const all = [...before, ...objects];
    const tried = async (items: readonly Document[]) => {
      const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
      const { code, said } = await kubectl.run([...AS, "apply", "--dry-run=server", "-f", "-"], list);
      if (code !== 0) faults.push(`${name}: ${said.split("\n").filter(isError).join("; ")}`);
    };
    const isOf = (kind: string) => (document: Document) => kindOf(document) === kind;
    const bindings = all.filter(isOf("RoleBinding"));
    await tried(all.filter((document) => !bindings.includes(document)));
    // A role that was only tried is not there to be bound.
    await kubectl.apply(all.filter(isOf("Role")));
    await tried(bindings);
  }
  const promotion = ["auth", "can-i", "patch", "rollouts.argoproj.io", "--subresource=status", "-n", "genai-demo"];
  if ((await kubectl.run([...AS, ...promotion])).code !== 0) faults.push("it may not promote");
  for (const words of FORBIDDEN)
    if ((await kubectl.run([...AS, "auth", "can-i", ...words])).code === 0) faults.push(`it may ${words.join(" ")}`);
  return faults;
}
