/** The load generator's own process: a plan as JSON on standard input, the result as JSON on standard output. */
import { generateLoad, type LoadPlan, type LoadResult } from "./generator.ts";

/** Runs a plan in a process of its own. */
export async function generateLoadApart(plan: LoadPlan): Promise<LoadResult> {
  const child = Bun.spawn([process.execPath, import.meta.path], {
    stdin: new Blob([JSON.stringify(plan)]),
    stdout: "pipe",
    stderr: "inherit",
    timeout: plan.durationMs + 120_000,
  });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error("the load generator failed; its error is above");
  return JSON.parse(output);
}

if (import.meta.main) {
  const plan: LoadPlan = JSON.parse(await Bun.stdin.text());
  await Bun.write(Bun.stdout, JSON.stringify(await generateLoad(plan)));
}
