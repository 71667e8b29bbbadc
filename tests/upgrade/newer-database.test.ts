/**
 * A database that a newer release has migrated: whoever can use it may, so that a release can be rolled back, and whoever
 * cannot says so in one line and changes nothing.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type EmbeddedServer, startEmbedded } from "../../runtime/database/embedded.ts";
import { startScratchServer } from "../../runtime/database/scratch-server.fixture.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { makeDataPlace, withEmbeddedSql } from "../faults/single-arena.ts";
import { createClient } from "../journeys/client.ts";
import { administer, type ExternalData, makeExternalData } from "../journeys/external-data.ts";
import { type Environment, refusal, runCommand, startProcess } from "../journeys/process.ts";
import { previousProgram } from "./previous.ts";

setDefaultTimeout(60_000);

let server: EmbeddedServer;
let data: ExternalData;
/** As a release to come would leave it: a migration that adds something, or one that takes something away. */
const recordOf = (id: string, needs: string | null) =>
  `insert into "order".schema_migration (id, sha256, position, needs)
    values ('${id}', 'of another release', 1000, ${needs === null ? "null" : `'${needs}'`})`;
const migratedTo = (id: string, needs: string | null) => administer(data.url, recordOf(id, needs));
const undone = () => administer(data.url, `delete from "order".schema_migration where position = 1000`);
const CONTRACTED =
  'The database of "order" is newer than this build can use (its migration 9002_no_names needs a build that has 9001_names_unused): start the newer build';

beforeAll(async () => {
  server = await startScratchServer();
  data = await makeExternalData(server.url, {}, { migrated: false });
  expect((await runCommand(["migrate"], data.settings)).code).toBe(0);
});
afterAll(async () => {
  await data.remove();
  await server.stop();
});

/** `serve` says it as a line of its log. */
async function refusalOfServe(env: Environment): Promise<unknown> {
  const { event, error } = JSON.parse(await refusal(["serve"], { ...env, LOG_FORMAT: "json" }));
  return [event, error];
}

test("one that only has more: serve runs on it and says so, migrate leaves it as it is", async () => {
  await migratedTo("9001_names", null);
  try {
    const ahead = "the database of order is ahead of this build by 9001_names";
    const running = await startProcess(["serve"], { ...data.settings, LOG_FORMAT: "json" });
    try {
      expect((await createClient(running.url, null).send({ method: "GET", path: "/health/ready" })).status).toBe(200);
      expect(running.output()).toContain(ahead);
    } finally {
      expect(await running.stop()).toBe(0);
    }
    const migrated = await runCommand(["migrate"], data.settings);
    expect([migrated.code, migrated.stdout]).toEqual([0, expect.stringContaining(ahead)]);
    // Nobody rolls a laptop back: there the wrong program was started.
    expect(await refusal(["dev", "--no-watch"], data.settings)).toBe(
      'The database of "order" is newer than this build (it has migration 9001_names): start the newer build',
    );
  } finally {
    await undone();
  }
});

test("one that lacks what this build uses: serve, migrate and dev refuse it in one line", async () => {
  await migratedTo("9002_no_names", "9001_names_unused");
  try {
    expect(await refusalOfServe(data.settings)).toEqual(["start.refused", CONTRACTED]);
    expect(await refusal(["migrate"], data.settings)).toBe(CONTRACTED);
    expect(await refusal(["dev", "--no-watch"], data.settings)).toBe(CONTRACTED);
  } finally {
    await undone();
  }
});

test("the release before starts on this one's schema, and on what comes after it", async () => {
  const previous = await previousProgram();
  await migratedTo("9001_names", null);
  try {
    const running = await startProcess(["serve"], { ...data.settings, LOG_FORMAT: "json" }, previous);
    expect(running.output()).toContain("9001_names");
    expect(await running.stop()).toBe(0);
  } finally {
    await undone();
  }
});

test("the release before refuses a data directory that a newer one has migrated, and changes nothing there", async () => {
  const previous = await previousProgram();
  const place = await makeDataPlace();
  try {
    const dataDir = join(place, "data");
    const dev = ["dev", "--no-watch", "--data", dataDir];
    const contents = () =>
      withEmbeddedSql(dataDir, async (sql) => [
        ...(await sql.unsafe(`select id, position from "order".schema_migration order by position`)),
        ...(await sql.unsafe("select sku, on_hand, reserved from inventory.stock order by sku, warehouse")),
      ]);
    const now = await startProcess(dev);
    const before = await contents();
    await withEmbeddedSql(dataDir, (sql) => sql.unsafe(recordOf("9001_names", null)));
    expect(await now.stop()).toBe(0);
    for (const program of [undefined, previous])
      expect(await refusal(dev, {}, program)).toContain("is newer than this build (it has migration");
    const server = await startEmbedded({ dataDir, scheduler, log: () => undefined });
    await withEmbeddedSql(dataDir, (sql) => sql.unsafe(`delete from "order".schema_migration where position = 1000`));
    expect(await contents()).toEqual(before);
    await server.stop();
  } finally {
    await rm(place, { recursive: true, force: true });
  }
});
