/** Argo Rollouts as its own manifests install it: custom resources, account and rights. Its Deployment is a process here. */
import { join } from "node:path";
import * as z from "zod";
import type { Api } from "./api.ts";
import type { Kubectl } from "./kubectl.ts";

export const ROLLOUTS_ACCOUNT = { namespace: "argo-rollouts", name: "argo-rollouts" };

/** The custom resources are served when it resolves. */
export async function applyRolloutsInstallation(api: Api, kubectl: Kubectl, programs: string): Promise<void> {
  const { namespace, name } = ROLLOUTS_ACCOUNT;
  await kubectl.apply([
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
  ]);
  const manifests = join(programs, "manifests");
  await kubectl.applyFiles(join(manifests, "crds"), "kustomization");
  await kubectl.applyFiles(join(manifests, "role"), "kustomization");
  await kubectl.applyFiles(join(manifests, "cluster-install", "argo-rollouts-clusterrolebinding.yaml"), "file");
  for (const kind of ["rollouts", "analysisruns", "analysistemplates"]) await untilServed(api, `${kind}.argoproj.io`);
}

const definition = z.looseObject({
  status: z
    .looseObject({ conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).nullish() })
    .optional(),
});

/** Resolves when the custom resource of that definition can be used. */
export async function untilServed(api: Api, name: string): Promise<void> {
  await api.until(`${name} are served`, async () => {
    const found = await api.read(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`, definition);
    const isServed = found?.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True");
    return isServed === true ? name : null;
  });
}

const tokenRequest = z.looseObject({ status: z.looseObject({ token: z.string() }) });

/** A token of an account, as the kubelet asks one for a pod. */
export async function accountToken(api: Api, namespace: string, name: string): Promise<string> {
  const { status } = await api.post(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 7_200 } },
    tokenRequest,
  );
  return status.token;
}
