/** How the log looks in `dev`, where one process starts another. */
import { afterAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { removeEmbedded } from "../../runtime/database/embedded.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { makeDirectory } from "../journeys/external-data.ts";
import { startProcess } from "../journeys/process.ts";

const dataDir = await makeDirectory();
afterAll(async () => {
  await removeEmbedded({ dataDir, scheduler, log: () => undefined });
  await rm(dataDir, { recursive: true, force: true });
});

test.each([
  ["text", /^\d\d:\d\d:\d\d\.\d{3} INFO {2}ready url=http:\S+$/m],
  ["auto", /^\{"time":"[^"]+","level":"info","event":"ready","service":"genai-demo",.*\}$/m],
])(
  "with LOG_FORMAT=%s the supervised application's lines look like that, without colours in a pipe",
  async (format, ready) => {
    const env = { LOG_FORMAT: format, LOG_LEVEL: "info", FORCE_COLOR: undefined };
    const dev = await startProcess(["dev", "--data", dataDir], env);
    expect(await dev.stop()).toBe(0);
    expect(dev.output()).toMatch(ready);
    expect(dev.output()).toContain("genai-demo is ready:");
    expect(dev.output()).not.toContain("\x1b[");
  },
  60_000,
);
