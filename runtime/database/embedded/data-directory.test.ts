import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemScheduler as scheduler } from "../../scheduler.ts";
import { embeddedBench, query, refusal } from "../embedded.fixture.ts";
import { removeEmbedded, startEmbedded } from "../embedded.ts";
import { systemFault } from "./data-directory.ts";

const { cleanups, fresh, scratch, start } = embeddedBench();
const isRoot = process.getuid?.() === 0;
const clusterOf = (dataDir: string) => readFileSync(join(dataDir, "postgres-location"), "utf8").split("\n")[0] ?? "";

test.skipIf(process.platform !== "linux")("it starts although there is no room for its holder's number", async () => {
  const dataDir = scratch();
  symlinkSync("/dev/full", join(dataDir, "holder.pid"));
  const { server } = await start(dataDir);
  expect(await query(server, "select 1 as a")).toEqual([{ a: 1 }]);
});

describe("a start that cannot be", () => {
  test("names a directory that cannot be written", async () => {
    const file = `${dirname(fresh())}/file`;
    writeFileSync(file, "");
    for (const dataDir of [file, join(file, "sub"), join(dirname(file), "x".repeat(300), "data")])
      expect(await refusal(startEmbedded({ dataDir, scheduler, log: () => undefined }))).toContain("--data DIR");
    expect(await refusal(startEmbedded({ dataDir: file, scheduler, log: () => undefined }))).toContain("it is a file");
    const dangling = join(dirname(file), "dangling");
    symlinkSync("/nowhere/at/all", dangling);
    expect(await refusal(startEmbedded({ dataDir: dangling, scheduler, log: () => undefined }))).toBe(
      `The data directory ${dangling} cannot be written (it is a link to /nowhere/at/all, which is not there): give another one with --data DIR`,
    );
    const readOnly = isRoot ? "/sys/genai-demo-test" : `${dirname(fresh())}/read-only`;
    if (!isRoot) mkdirSync(readOnly, { mode: 0o555 });
    const message = await refusal(startEmbedded({ dataDir: readOnly, scheduler, log: () => undefined }));
    expect(message).toContain(`The data directory ${readOnly} cannot be written`);
  });

  test("names data of another version, and a folder that holds none", async () => {
    const dataDir = fresh();
    mkdirSync(join(dataDir, "postgres"), { recursive: true });
    const empty = await refusal(startEmbedded({ dataDir, scheduler, log: () => undefined }));
    expect(empty).toMatch(/holds no database|belongs to the user/);
    writeFileSync(join(dataDir, "postgres", "PG_VERSION"), "15\n");
    expect(await refusal(startEmbedded({ dataDir, scheduler, log: () => undefined }))).toContain("of PostgreSQL 15");
  });

  test.skipIf(process.platform !== "linux")("names a full disk; the directory is free afterwards", async () => {
    const dataDir = scratch();
    // A file that takes nothing, where the server notes how it was started.
    const full = join(dataDir, "postgres", "postmaster.opts");
    rmSync(full, { force: true });
    symlinkSync("/dev/full", full);
    const message = await refusal(startEmbedded({ dataDir, scheduler, log: () => undefined }));
    expect(message).toStartWith(`The embedded PostgreSQL in ${dataDir} does not start: `);
    expect(message).toEndWith("(make room on that disk, or give another directory with --data DIR)");
    rmSync(full);
    const { server } = await start(dataDir);
    expect(await query(server, "select 1 as a")).toEqual([{ a: 1 }]);
  });

  test.skipIf(process.platform !== "linux")("names a full disk that a file of our own meets", async () => {
    const met = writeFile("/dev/full", "1").catch((error: unknown) => Promise.reject(systemFault(error, "/data")));
    expect(await refusal(met)).toBe(
      "The disk of the data directory /data is full: make room there, or give another directory with --data DIR",
    );
  });

  test("names what a copy has lost, and says what to do", async () => {
    const losses: readonly (readonly [string, (cluster: string) => unknown])[] = [
      ['"pg_wal" does not exist', (cluster) => rmSync(join(cluster, "pg_wal"), { recursive: true })],
      ["global/pg_control", (cluster) => rmSync(join(cluster, "global", "pg_control"))],
      ["Permissions should be u=rwx (0700)", (cluster) => chmodSync(cluster, 0o755)],
    ];
    for (const [named, lose] of losses) {
      const dataDir = scratch();
      lose(join(dataDir, "postgres"));
      const message = await refusal(startEmbedded({ dataDir, scheduler, log: () => undefined, fsync: false }));
      expect(message).toContain(named);
      expect(message).toContain("copy it again, whole");
      expect(message).toContain("--data DIR");
    }
  });

  test("gives the server's own reason for a setting it refuses", async () => {
    const message = await refusal(
      startEmbedded({
        dataDir: scratch(),
        scheduler,
        log: () => undefined,
        fsync: false,
        settings: { work_mem: "lots" },
      }),
    );
    expect(message).toContain("work_mem");
  });
});

test("a reset removes what was there, also what a reset before did not finish with, and of another version", async () => {
  const dataDir = scratch();
  const { server: first } = await start(dataDir);
  await query(first, "create table kept as select 1 as a");
  await first.stop();
  const cluster = join(dataDir, "postgres");
  mkdirSync(`${cluster}.removed-1`);
  mkdirSync(`${cluster}.mine`);
  writeFileSync(join(cluster, "PG_VERSION"), "15\n");
  expect(await refusal(startEmbedded({ dataDir, scheduler, log: () => undefined }))).toContain("--reset");
  const { server } = await start(dataDir, { reset: true });
  expect(await query(server, "select to_regclass('kept') as kept")).toEqual([{ kept: null }]);
  expect([`${cluster}.removed-1`, `${cluster}.mine`].map((path) => existsSync(path))).toEqual([false, true]);
});

test("neither a reset nor a start removes what is no database", async () => {
  const dataDir = scratch();
  const cluster = join(dataDir, "postgres");
  const others = ["postgres", "postgres.draft-notes", "postgres.drafts", "postgres.removed-1", "postgres.draft-2"];
  rmSync(cluster, { recursive: true });
  for (const name of others) {
    mkdirSync(join(dataDir, name));
    writeFileSync(join(dataDir, name, "thesis.md"), "years of work");
  }
  for (const reset of [true, false]) {
    const message = await refusal(startEmbedded({ dataDir, scheduler, log: () => undefined, reset }));
    expect(message).toStartWith(`${cluster} `);
    expect(message).toContain("move it away, or give another directory with --data DIR");
    expect(message).not.toContain("--reset");
  }
  rmSync(cluster, { recursive: true });
  await start(dataDir, { reset: true });
  for (const name of others.slice(1)) expect(existsSync(join(dataDir, name, "thesis.md"))).toBe(true);
});

describe.skipIf(!isRoot)("as root", () => {
  test("the server runs under another account, in the data directory where that account can reach it", async () => {
    const dataDir = scratch();
    const { server } = await start(dataDir);
    expect(statSync(`/proc/${server.pid}`).uid).not.toBe(0);
    expect(existsSync(join(dataDir, "postgres", "PG_VERSION"))).toBe(true);
  });

  test("else in /var/lib, with a pointer in the data directory; a directory moved aside keeps its data", async () => {
    const dataDir = fresh();
    chmodSync(dirname(dataDir), 0o700);
    const { server } = await start(dataDir);
    const cluster = clusterOf(dataDir);
    cleanups.push(() => rmSync(cluster, { recursive: true, force: true }));
    expect(cluster).toStartWith("/var/lib/genai-demo/");
    await query(server, "create table kept as select 1 as a");
    await server.stop();
    const again = await start(dataDir);
    expect(await query(again.server, "select a from kept")).toEqual([{ a: 1 }]);
    const used = refusal(removeEmbedded({ dataDir, scheduler, log: () => undefined }));
    expect(await used).toContain("in use by process");
    await again.server.stop();
    const aside = `${dataDir}-aside`;
    renameSync(dataDir, aside);
    const afresh = await start(dataDir);
    expect(afresh.lines[0]).toStartWith(`${cluster} is of an earlier ${dataDir} and is left`);
    expect(await query(afresh.server, "select to_regclass('kept') as kept")).toEqual([{ kept: null }]);
    await afresh.server.stop();
    const other = clusterOf(dataDir);
    await removeEmbedded({ dataDir, scheduler, log: () => undefined });
    expect(existsSync(other)).toBe(false);
    expect(existsSync(join(dataDir, "postgres-location"))).toBe(false);
    const moved = await start(aside);
    expect(await query(moved.server, "select a from kept")).toEqual([{ a: 1 }]);
    const copy = `${dataDir}-copy`;
    cpSync(aside, copy, { recursive: true });
    for (const reset of [false, true])
      expect(await refusal(startEmbedded({ dataDir: copy, scheduler, log: () => undefined, reset }))).toStartWith(
        `${copy} and ${aside} lead to the same database, ${cluster}, so one is a copy`,
      );
    expect(await query(moved.server, "select a from kept")).toEqual([{ a: 1 }]);
    await moved.server.stop();
  });
});

if (process.platform !== "linux") console.log("skipped: the tests of a full disk, because this is not Linux");
if (!isRoot) console.log("skipped: the tests of a start as root, because this is not root");
