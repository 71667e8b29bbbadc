/**
 * Logins whose passwords change, on a real PostgreSQL: tokens of IAM, which the server here knows as a password that comes
 * in clear over TLS (as RDS takes them), and a password that is changed while a process works.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../tests/provision/external-postgres.ts";
import { provideOrSkip } from "../../tests/provision/missing.ts";
import { makeSelfSigned } from "../../tests/provision/self-signed.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { secret } from "../secret.ts";
import { StartError } from "../start-error.ts";
import { until } from "../until.fixture.ts";
import { chooseAccount } from "./embedded/account.ts";
import type { EmbeddedServer } from "./embedded.ts";
import { migrate, verifySchema } from "./migrate.ts";
import { migrateWithIam } from "./migrate-with-iam.ts";
import { type Database, DatabaseError, type Row } from "./port.ts";
import { openDatabase } from "./postgres.ts";

setDefaultTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), "genai-demo-iam-"));
const certificate = await provideOrSkip("runtime/database/iam-login", async () =>
  makeSelfSigned(folder, "IP:127.0.0.1"),
);
const onServer = test.skipIf(certificate === undefined);

const HBA = join(folder, "pg_hba.conf");
/** What members of rds_iam log in by; all others by their password. */
const rules = (ofIam: string) =>
  [
    "local all all trust",
    `hostssl all +rds_iam all ${ofIam}`,
    "hostnossl all +rds_iam all reject",
    "host all all all scram-sha-256",
  ].join("\n");

const MIGRATION = { id: "0001_first", sql: "create table item (id int)" };
const modules = [
  { name: "payment", migrations: [MIGRATION] },
  { name: "payment_simulator", migrations: [MIGRATION] },
];
const users = [{ module: "payment", sideSchemas: ["payment_simulator"] }];

let server: EmbeddedServer;
let port = 0;
let admin: Database;
const lines: string[] = [];
const log = (line: string) => void lines.push(line);

const opened: Database[] = [];
function open(
  options: Omit<Parameters<typeof openDatabase>[0], "schema" | "role" | "scheduler"> & {
    schema?: string;
    role?: string;
  },
) {
  const database = openDatabase({ schema: "payment", role: "payment_app", ...options, scheduler });
  opened.push(database);
  return database;
}
const ask = (database: Database, text: string): Promise<Row[]> => database.query({ text, params: [] });
const tls = () => `sslmode=verify-full&sslrootcert=${certificate?.certificate}`;
const urlOf = (login: string, parameters = tls()) => `postgres://${login}@127.0.0.1:${port}/postgres?${parameters}`;
const passwordFor = (role: string, password: string) => ask(admin, `alter role ${role} password '${password}'`);
async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StartError || error instanceof DatabaseError)) throw new Error(`it gave ${error}`);
  return error.message;
}
async function lettingIn(ofIam: string) {
  writeFileSync(HBA, rules(ofIam), { mode: 0o644 });
  await ask(admin, "select pg_reload_conf()");
  // It rereads them when it gets to it.
  await ask(admin, "select pg_sleep(0.3)");
}

beforeAll(async () => {
  if (certificate === undefined) return;
  chmodSync(folder, 0o755);
  writeFileSync(HBA, rules("password"), { mode: 0o644 });
  const account = chooseAccount(join(folder, "unused"));
  if (account !== null) chownSync(certificate.key, account.uid, account.gid);
  const { startScratchServer } = await import("./scratch-server.fixture.ts");
  port = await freePort();
  server = await startScratchServer({
    tcpPort: port,
    settings: { ssl: "on", ssl_cert_file: certificate.certificate, ssl_key_file: certificate.key, hba_file: HBA },
  });
  admin = openDatabase({ url: server.url, schema: "public", role: null, scheduler });
  // On RDS the master is no superuser, and may grant the group without being in it; nobody else may do that here.
  await ask(admin, "create role owner login superuser password 'first'");
  await ask(admin, "create role rds_iam");
});

afterAll(async () => {
  await Promise.all(opened.map((database) => database.close()));
  await admin?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

onServer(
  "migrate lets the modules' users in by a token, for their side schemas too; a second time it changes nothing",
  async () => {
    const options = {
      url: urlOf("owner:first"),
      modules,
      users,
      log,
      hasPassword: true,
      passwordOf: async () => secret(""),
    };
    await migrateWithIam(options);
    expect(lines.splice(0)).toEqual([
      "payment: 0001_first",
      "payment_simulator: 0001_first",
      "payment: payment_app logs in by IAM",
    ]);
    const [before] = await ask(admin, "select pg_current_wal_insert_lsn()::text as lsn");
    await migrateWithIam(options);
    expect(lines.splice(0)).toEqual([]);
    expect(await ask(admin, "select pg_current_wal_insert_lsn()::text as lsn")).toEqual([before ?? {}]);
    const token = "payment.db/?Action=connect&X-Amz-Signature=1";
    await passwordFor("payment_app", token);
    const asked: string[] = [];
    const passwordOf = async ({ user, host, port: at }: { user: string; host: string; port: number }) => {
      asked.push(`${user}@${host}:${at}`);
      return secret(token);
    };
    await verifySchema({ url: urlOf("payment_app"), modules, log, passwordOf });
    const own = open({ url: urlOf("payment_app"), passwordOf });
    const side = open({
      url: urlOf("payment_app"),
      passwordOf,
      schema: "payment_simulator",
      role: "payment_simulator_app",
    });
    for (const [database, role] of [
      [own, "payment_app"],
      [side, "payment_simulator_app"],
    ] as const) {
      expect(await ask(database, "select current_user::text as role, session_user::text as login from item")).toEqual(
        [],
      );
      expect(await ask(database, "select current_user::text as role, session_user::text as login")).toEqual([
        { role, login: "payment_app" },
      ]);
    }
    expect(new Set(asked)).toEqual(new Set([`payment_app@127.0.0.1:${port}`]));
  },
);

onServer("a token is made for each connection, after the one before has ended", async () => {
  let token = "first-token";
  let asked = 0;
  const passwordOf = async () => {
    asked++;
    return secret(token);
  };
  await passwordFor("payment_app", token);
  const database = open({ url: urlOf("payment_app"), passwordOf, poolSize: 1 });
  await ask(database, "select 1");
  await ask(database, "select 1");
  expect(asked).toBe(1);
  token = "second-token";
  await passwordFor("payment_app", token);
  await ask(database, "select pg_terminate_backend(pg_backend_pid())").catch(() => undefined);
  await ask(database, "select 1");
  expect(asked).toBe(2);
});

onServer(
  "a token that is refused, cannot be made, never comes, or would go in clear, is an outage and not told",
  async () => {
    const attempt = (passwordOf: () => Promise<ReturnType<typeof secret>>, url = urlOf("payment_app")) =>
      ask(open({ url, passwordOf, statementTimeoutMs: 500 }), "select 1");
    for (const [work, reason] of [
      [() => attempt(async () => secret("hunter2")), "password authentication failed"],
      [() => attempt(() => Promise.reject(new Error("no credentials"))), "no credentials"],
      [() => attempt(() => new Promise(() => undefined)), "gave no answer within"],
      [() => attempt(async () => secret("hunter2"), urlOf("payment_app", "")), "without TLS"],
    ] as const) {
      const error = await work().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof DatabaseError)) throw new Error(`it gave ${error}`);
      expect(error.kind).toBe("unavailable");
      expect(error.message).toContain(reason);
      expect(`${error.message} ${JSON.stringify(error)} ${error.cause}`).not.toContain("hunter2");
    }
  },
);

onServer(
  "whoever makes a role is counted among its groups, so the master's password may be refused: then its token goes",
  async () => {
    await ask(admin, "create role master login createrole password 'masters'");
    const master = () => ask(open({ url: urlOf("master:masters"), schema: "public", role: "master" }), "select 1");
    await lettingIn("reject");
    await master();
    const maker = open({ url: urlOf("master:masters"), schema: "public", role: "master" });
    await ask(maker, "create role pricing_app login");
    await ask(admin, "grant rds_iam to pricing_app");
    // It was granted nothing: this is PostgreSQL 16 and newer, as RDS runs it.
    expect(await refusal(master())).toContain("pg_hba.conf rejects connection");
    await lettingIn("password");
    await ask(admin, "create role rotated login superuser password 'tokens'");
    const options = { url: urlOf("rotated:wrong"), modules, users, log };
    const passwordOf = async () => secret("tokens");
    await migrateWithIam({ ...options, hasPassword: true, passwordOf });
    expect(lines.splice(0)).toEqual(["the owner's password is refused: logging in by IAM"]);
    expect(await refusal(migrate(options))).toContain("check user and password");
    // Anything else is no reason to try another login.
    const nowhere = { ...options, url: urlOf("rotated:tokens").replace("/postgres?", "/nowhere?") };
    expect(await refusal(migrateWithIam({ ...nowhere, hasPassword: true, passwordOf }))).toContain("createdb nowhere");
    expect(lines.splice(0)).toEqual([]);
  },
);

onServer("without the group of RDS it is refused, and says why", async () => {
  await ask(admin, "create database plain");
  await ask(admin, "alter role rds_iam rename to elsewhere");
  const options = {
    url: urlOf("owner:first"),
    modules,
    users,
    log,
    hasPassword: true,
    passwordOf: async () => secret(""),
  };
  expect(await refusal(migrateWithIam(options))).toContain("this server has no role rds_iam");
  await ask(admin, "alter role elsewhere rename to rds_iam");
});

onServer(
  "a password that is changed under load: what is open goes on, new connections take the new one, nothing fails",
  async () => {
    // In no group of those that log in by a token.
    await ask(admin, "create role till login password 'yesterday'");
    await ask(admin, "create table public.sale (id int)");
    await ask(admin, "grant insert, select on public.sale to till");
    let url = urlOf("till:yesterday");
    const plain = { schema: "public", role: "till" };
    const database = open({ ...plain, url: () => url, poolSize: 4 });
    const lane = database.lane("till");
    let isOver = false;
    let count = 0;
    const failures: unknown[] = [];
    const worker = async (work: () => Promise<unknown>) => {
      while (!isOver) {
        await work().then(
          () => count++,
          (error: unknown) => failures.push(error),
        );
      }
    };
    const working = [
      ...Array.from({ length: 4 }, () => worker(() => ask(database, "insert into sale values (1)"))),
      worker(() => lane.run({ text: "insert into sale values (2)", params: [] })),
    ];
    await Bun.sleep(200);
    const idle = open({ ...plain, url: () => url });
    await passwordFor("till", "today");
    // The process has not heard of it yet: its connections go on.
    await Bun.sleep(200);
    url = urlOf("till:today");
    await ask(idle, "select 1");
    await Bun.sleep(100);
    isOver = true;
    await Promise.all(working);
    expect(failures).toEqual([]);
    expect(await ask(admin, "select count(*)::int as n from public.sale")).toEqual([{ n: count }]);
    // The old one has ended.
    expect(await refusal(ask(open({ ...plain, url: urlOf("till:yesterday") }), "select 1"))).toContain(
      "password authentication failed",
    );
    // All are lost: what comes in their place takes the new one.
    await ask(admin, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'till'");
    await until("it works again", () =>
      ask(database, "select 1").then(
        () => true,
        () => false,
      ),
    );
    expect(await ask(database, "select session_user::text as login")).toEqual([{ login: "till" }]);
  },
);
