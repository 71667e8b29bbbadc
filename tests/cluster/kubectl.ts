/** kubectl of the cluster's own version, as an administrator. */
import { join } from "node:path";

export interface Kubectl {
  /** Runs it to its end; what it printed and its exit code. */
  run(args: readonly string[], input?: string): Promise<{ readonly code: number; readonly said: string }>;
  /**
   * Applies objects, and answers what kubectl says. Throws with that when one is refused. Not server-side: a second apply
   * would want back the selectors that the controller of Argo Rollouts has taken over.
   */
  apply(objects: readonly unknown[]): Promise<string>;
  /** Applies what is too large for that, a file or a kustomization, server-side. */
  applyFiles(path: string, how: "file" | "kustomization"): Promise<void>;
}

const TIMEOUT_MS = 120_000;

/** A kubectl that keeps what it caches in `home`. */
export function kubectlOf(program: string, kubeconfig: string, home: string): Kubectl {
  const run: Kubectl["run"] = async (args, input) => {
    const child = Bun.spawn([program, "--kubeconfig", kubeconfig, ...args], {
      env: { PATH: process.env["PATH"] ?? "", HOME: join(home, "kubectl") },
      stdin: input === undefined ? "ignore" : Buffer.from(input),
      stdout: "pipe",
      stderr: "pipe",
      timeout: TIMEOUT_MS,
    });
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    return { code: await child.exited, said: `${stdout}${stderr}`.trim() };
  };
  const applied = async (args: readonly string[], input?: string) => {
    const { code, said } = await run(["apply", "--validate=strict", ...args], input);
    if (code !== 0) throw new Error(said);
    return said;
  };
  return {
    run,
    apply: (objects) => applied(["-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects })),
    async applyFiles(path, how) {
      await applied(["--server-side", how === "file" ? "-f" : "-k", path]);
    },
  };
}
