/** Generators run in processes of their own: a plan as JSON on standard input, the result as JSON on standard output. */

const SLACK_MS = 120_000;

/** Runs `script`, which calls `answerPlan`, with the plan; `wrapper` is put before its command line. */
export async function runApart<Result>(
  script: string,
  plan: { readonly durationMs: number },
  wrapper: readonly string[],
): Promise<Result> {
  const child = Bun.spawn([...wrapper, process.execPath, script], {
    stdin: new Blob([JSON.stringify(plan)]),
    stdout: "pipe",
    stderr: "inherit",
    timeout: plan.durationMs + SLACK_MS,
  });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error("the load generator failed; its error is above");
  return JSON.parse(output);
}

/** The other end: answers the plan that this process was given. */
export async function answerPlan<Plan, Result>(run: (plan: Plan) => Promise<Result>): Promise<void> {
  await Bun.write(Bun.stdout, JSON.stringify(await run(JSON.parse(await Bun.stdin.text()))));
}
