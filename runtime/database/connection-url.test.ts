import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { systemScheduler } from "../scheduler.ts";
import { parseConnectionUrl } from "./connection-url.ts";
import { chooseAccount } from "./embedded/account.ts";
import type { EmbeddedServer } from "./embedded.ts";
import { DatabaseError } from "./port.ts";
import { openDatabase } from "./postgres.ts";
import { startScratchServer } from "./scratch-server.fixture.ts";

// Other work on the machine can make a start slow.
setDefaultTimeout(30_000);

test("TCP and socket addresses are read", () => {
  const target = parseConnectionUrl("postgres://me:p%40ss@db.example:6543/shop");
  expect(target.password.open()).toBe("p@ss");
  expect(target).toMatchObject({
    host: "db.example",
    port: 6543,
    socketPath: null,
    user: "me",
    database: "shop",
    tls: null,
  });
  expect(parseConnectionUrl("postgresql:///shop?host=/run/pg&port=5433&user=me")).toMatchObject({
    socketPath: "/run/pg/.s.PGSQL.5433",
    user: "me",
    database: "shop",
  });
  expect(parseConnectionUrl("postgres://me@%2Frun%2Fpg/shop").socketPath).toBe("/run/pg/.s.PGSQL.5432");
  expect(parseConnectionUrl("postgres://me@[::1]/shop").host).toBe("::1");
});

test("what is wrong with an address is said without its password", () => {
  for (const [url, reason] of [
    ["nonsense", "cannot be read"],
    ["mysql://me:secret@db/x", "instead of postgres://"],
    ["postgres://db/x", "names no user"],
    ["postgres:///x?user=me", "names no host"],
    ["postgres://me:secret@db/x?sslmode=prefer", "sslmode=prefer is not safe"],
    ["postgres://me:secret@db/x?sslmod=require", 'unknown parameter "sslmod"'],
    ["postgres://me:secret@db/x?sslmode=verify-full&sslrootcert=/nowhere.pem", "cannot read /nowhere.pem"],
  ] as const) {
    const attempt = () => parseConnectionUrl(url);
    expect(attempt).toThrow(reason);
    expect(attempt).not.toThrow("secret");
  }
});

const openssl = Bun.which("openssl");
const folder = mkdtempSync("/tmp/genai-demo-tls-");
let server: EmbeddedServer | null = null;
let port = 0;

const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

const certificate = (name: string, subject: string) => {
  const made = spawnSync(
    "openssl",
    ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`].concat([
      ...["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.pem`)],
      ...["-addext", `subjectAltName=${subject}`],
    ]),
  );
  if (made.status !== 0) throw new Error(String(made.stderr));
};

beforeAll(async () => {
  if (openssl === null) return;
  chmodSync(folder, 0o755);
  certificate("server", "DNS:localhost");
  certificate("other", "DNS:localhost");
  const key = join(folder, "server.key");
  chmodSync(key, 0o600);
  const account = chooseAccount(join(folder, "unused"));
  if (account !== null) chownSync(key, account.uid, account.gid);
  expect(statSync(key).mode & 0o77).toBe(0);
  port = await freePort();
  server = await startScratchServer({
    tcpPort: port,
    settings: { ssl: "on", ssl_cert_file: join(folder, "server.pem"), ssl_key_file: key },
  });
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test.skipIf(openssl === null)(
  "TLS accepts only a certificate of the given authority that bears the host's name",
  async () => {
    const base = server?.tcpUrl ?? "";
    const attempt = async (host: string, parameters: string) => {
      const url = `${base.replace("127.0.0.1", host)}?${parameters}`;
      const database = openDatabase({ url, schema: "public", role: null, scheduler: systemScheduler });
      try {
        const text = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
        return await database.query({ text, params: [] });
      } catch (error) {
        return error instanceof DatabaseError ? error.kind : error;
      } finally {
        await database.close();
      }
    };
    const own = `sslrootcert=${join(folder, "server.pem")}`;
    expect(await attempt("localhost", `sslmode=verify-full&${own}`)).toEqual([{ ssl: true }]);
    expect(await attempt("localhost", `sslmode=require&${own}`)).toEqual([{ ssl: true }]);
    expect(await attempt("127.0.0.1", "sslmode=disable")).toEqual([{ ssl: false }]);
    expect(await attempt("127.0.0.1", `sslmode=verify-full&${own}`)).toBe("unavailable");
    expect(await attempt("localhost", `sslmode=require&sslrootcert=${join(folder, "other.pem")}`)).toBe("unavailable");
    expect(await attempt("localhost", "sslmode=require")).toBe("unavailable");
  },
);
if (openssl === null) console.log("skipped: the TLS test makes its certificates with openssl, which is not installed");
