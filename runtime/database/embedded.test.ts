import { describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasEnded } from "../ended-process.fixture.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { isAlive } from "./embedded/cluster.ts";
import { findCluster } from "./embedded/data-directory.ts";
import { embeddedBench, query, refusal } from "./embedded.fixture.ts";
import { runningServerUrl, startEmbedded } from "./embedded.ts";
import { openDatabase } from "./postgres.ts";

const { cleanups, fresh, scratch, start } = embeddedBench();

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

test("another process finds a running server by its data directory", async () => {
  const dataDir = fresh();
  expect([findCluster(dataDir), runningServerUrl(dataDir)]).toEqual([null, null]);
  const { server } = await start(dataDir);
  expect(runningServerUrl(dataDir)).toBe(server.url);
  await server.stop();
  expect(runningServerUrl(dataDir)).toBeNull();
  expect(findCluster(dataDir)).not.toBeNull();
});

if (process.platform !== "linux") console.log("skipped: the tests of killed guards, because this is not Linux");
