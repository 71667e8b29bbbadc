/** What a process writes: log lines and nothing else, and it waits for nobody who reads them. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freeServerPort } from "../../runtime/cli/dev/split/server-port.ts";
import { basketOf } from "../journeys/client.ts";
import { type ExternalData, makeExternalData } from "../journeys/external-data.ts";
import { tokenOf } from "../journeys/platform.ts";
import { runCommand, startProcess } from "../journeys/process.ts";
import { type ExternalPostgres, startExternalPostgres } from "../provision/external-postgres.ts";
import { startGuard } from "../provision/guard.ts";
import { provideOrSkip } from "../provision/missing.ts";
import type { Mutant } from "../simulation/mutants.ts";

setDefaultTimeout(90_000);

const ROOT = join(import.meta.dir, "..", "..");
const TRACE = "0af7651916cd43dd8448eb211c80319c";

let server: ExternalPostgres | undefined;
let data: ExternalData | undefined;

beforeAll(async () => {
  server = await provideOrSkip("the log of a process", () => startExternalPostgres());
  if (server) data = await makeExternalData(server.url, {});
});
afterAll(async () => {
  await data?.remove();
  await server?.stop();
});

interface Line {
  readonly [field: string]: unknown;
  readonly time: string;
  readonly level: string;
  readonly event: string;
}

/** Every line is an object that says when, how bad and what; else it is named. */
function linesOf(output: string): readonly Line[] {
  const lines = output.split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => {
    const told: Record<string, unknown> = line.startsWith("{") ? JSON.parse(line) : { line };
    const { time, level, event } = told;
    if (typeof time !== "string" || typeof level !== "string" || typeof event !== "string")
      throw new Error(`no log line: ${line}`);
    expect(new Date(time).toISOString()).toBe(time);
    expect(["debug", "info", "warn", "error"]).toContain(level);
    return { ...told, time, level, event };
  });
}

const BUG: Mutant = {
  name: "no payment for carol",
  file: "modules/payment/authorising.ts",
  find: "    if (payment) return payment.work",
  replace: `    if (asked.customerId === "carol") throw new RangeError("planted: no payment");
    if (payment) return payment.work`,
};

test("serve writes a JSON object a line, from its start to its end, whoever writes; lines of an order join", async () => {
  if (!data) return;
  const running = await startProcess(["serve"], {
    ...data.settings,
    BUN_OPTIONS: "--preload=./tests/journeys/plant-bugs.ts --preload=./tests/processes/chatter.ts",
    PLANTED_BUGS: JSON.stringify([BUG]),
  });
  let order: unknown;
  try {
    const reply = await fetch(`${running.url}/api/v1/orders`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${await tokenOf(data.dataDir, "customer", "carol")}`,
        "idempotency-key": crypto.randomUUID(),
        traceparent: `00-${TRACE}-b7ad6b7169203331-01`,
      },
      body: JSON.stringify(basketOf("SKU-001", 1)),
    });
    order = await reply.json();
    expect(reply.status).toBe(201);
    const isParked = () => running.output().includes("message.parked");
    const isSaid = () => running.output().split("chatter warns").length > 3;
    for (const deadline = Date.now() + 20_000; Date.now() < deadline && !(isParked() && isSaid()); )
      await Bun.sleep(50);
  } finally {
    expect(await running.stop()).toBe(0);
  }
  const lines = linesOf(running.output());
  const of = (event: string) => lines.filter((line) => line.event === event);
  for (const event of ["ready", "stopping", "stopped"]) expect(of(event)).toHaveLength(1);
  expect(lines.at(-1)?.event).toBe("stopped");
  expect(of("ready")[0]).toMatchObject({ level: "info", service: "genai-demo", url: running.url });

  const { id } = order as { id: string }; // what a 201 of orders is
  const [parked] = of("message.parked");
  expect(parked).toMatchObject({ module: "payment", orderId: id, key: id, traceId: TRACE, level: "error" });
  expect(String(parked?.["error"])).toContain("planted: no payment");

  const foreign = of("output.foreign").map(({ stream, text }) => `${stream}: ${text}`);
  for (const text of [
    "stdout: chatter { said: 1 }",
    "stderr: Error: chatter's own",
    "stdout: chatter in parts",
    "stderr: chatter\non two lines",
  ])
    expect(foreign.filter((each) => each.startsWith(text)).length).toBeGreaterThan(0);
  expect(foreign.filter((each) => /^stderr: .*chatter warns/.test(each))).toHaveLength(3);
  expect(foreign.filter((each) => each.startsWith("stdout: ┌"))).toHaveLength(3);
  // All of one replica, as the topology names it.
  expect(new Set(lines.map(({ instance }) => instance)).size).toBe(1);
});

test.each(["SIGUSR2", "SIGHUP"])(
  "an error that nobody catches is a line as well, and ends the process (%s)",
  async (signal) => {
    if (!data) return;
    const env = { ...data.settings, BUN_OPTIONS: "--preload=./tests/processes/fails-on-signal.ts" };
    const running = await startProcess(["serve"], env);
    try {
      process.kill(running.pid, signal);
      expect(await running.exited).toBe(1);
    } finally {
      await running.stop();
    }
    const last = linesOf(running.output()).at(-1);
    expect(last).toMatchObject({ level: "error", event: "process.failed", service: "genai-demo" });
    expect(String(last?.["error"])).toContain("nobody catches this");
  },
);

test("why it does not start is a line as well, also before its configuration is read", async () => {
  for (const [args, code, word] of [
    [["serve"], 1, "DATABASE_URL"],
    [["serve", "--colour", "red"], 2, "--colour"],
  ] as const) {
    const { code: ended, stdout, stderr } = await runCommand(args, { DEVELOPMENT_ISSUER: "true" });
    expect([ended, stderr]).toEqual([code, ""]);
    const [line, ...others] = linesOf(stdout);
    expect(others).toEqual([]);
    expect(line).toMatchObject({ level: "error", event: "start.refused" });
    expect(String(line?.["error"])).toContain(word);
  }
  const { stdout } = await runCommand(["serve"], { LOG_FORMAT: "text" });
  expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} ERROR start\.refused error="/);
});

/** `serve` whose output is left alone. */
async function startUnread(settings: ExternalData["settings"]) {
  const [port, internalPort] = [await freeServerPort(), await freeServerPort()];
  const env = { HOST: "127.0.0.1", PORT: String(port), INTERNAL_PORT: String(internalPort), LOG_LEVEL: "debug" };
  const child = spawn(process.execPath, ["runtime/main.ts", "serve"], {
    cwd: ROOT,
    env: { ...process.env, ...settings, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const guard = startGuard('stop "$1" "$2"', String(child.pid), process.execPath.split("/").at(-1) ?? "");
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const url = `http://127.0.0.1:${port}`;
  const live = () =>
    fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5000) }).then(
      ({ status }) => status === 200,
      () => false,
    );
  for (const deadline = Date.now() + 45_000; Date.now() < deadline && !(await live()); ) await Bun.sleep(50);
  return {
    child,
    live,
    async stop() {
      const beganMs = performance.now();
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), 20_000);
      const code = await exited;
      clearTimeout(force);
      await guard.release();
      return { code, tookMs: performance.now() - beganMs };
    },
  };
}

/** So many requests, each of which is told in a line; how many were answered. */
async function ask(live: () => Promise<boolean>, count: number): Promise<number> {
  let answered = 0;
  const one = async () => {
    for (let n = 0; n < count / 20; n++) if (await live()) answered += 1;
  };
  await Promise.all(Array.from({ length: 20 }, one));
  return answered;
}

const residentMb = ({ pid }: ChildProcess) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

test("an output that nobody reads holds up no request and fills no memory; what was left out is told, once it is read", async () => {
  if (!data) return;
  const { child, live, stop } = await startUnread(data.settings);
  let code: number | null = null;
  try {
    // More than pipe and queue take.
    expect(await ask(live, 12_000)).toBe(12_000);
    const beforeMb = process.platform === "linux" ? residentMb(child) : 0;
    expect(await ask(live, 12_000)).toBe(12_000);
    if (process.platform === "linux") expect(residentMb(child) - beforeMb).toBeLessThan(60);
    let read = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      read += chunk.toString();
    });
    for (const deadline = Date.now() + 10_000; Date.now() < deadline && !read.includes("log.lost"); ) {
      await live();
      await Bun.sleep(50);
    }
    ({ code } = await stop());
    const lines = linesOf(read);
    const lost = lines.reduce((sum, { event, lines: count }) => sum + (event === "log.lost" ? Number(count) : 0), 0);
    const told = lines.filter(({ event }) => event === "request.answered").length;
    expect(lost).toBeGreaterThan(1000);
    expect(lost + told).toBeGreaterThanOrEqual(24_000);
  } finally {
    if (code === null) ({ code } = await stop());
  }
  expect(code).toBe(0);
});

test("its end does not wait for a reader that does not read", async () => {
  if (!data) return;
  const { live, stop } = await startUnread(data.settings);
  await ask(live, 8_000);
  const { code, tookMs } = await stop();
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(10_000);
});

test("an output that is closed ends nothing: requests are answered, and it stops in order", async () => {
  if (!data) return;
  const { child, live, stop } = await startUnread(data.settings);
  child.stdout?.destroy();
  await Bun.sleep(100);
  expect(await ask(live, 500)).toBe(500);
  expect((await stop()).code).toBe(0);
});
