import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureCluster } from "./cluster.ts";

const folder = mkdtempSync(join(tmpdir(), "genai-demo-cluster-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An initdb of a few lines, `$2` being the folder that it is to fill. */
function initdbThat(name: string, lines: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return path;
}

const settings = (name: string, initdb: string) => ({
  cluster: join(folder, name),
  account: null,
  initdb,
  fsync: false,
});

test("a stop signal that ends initdb before it has begun: it is run again", async () => {
  const runs = join(folder, "runs");
  const initdb = initdbThat(
    "once",
    `test -e ${runs} || { touch ${runs}; kill -INT $$; sleep 5; }\necho 18 > "$2/PG_VERSION"`,
  );
  expect(await ensureCluster(settings("stopped", initdb))).toBe(true);
  expect(existsSync(join(folder, "stopped", "PG_VERSION"))).toBe(true);
});

test("an initdb that is ended by a signal each time says so, and leaves nothing", async () => {
  const initdb = initdbThat("never", "kill -TERM $$; sleep 5");
  await expect(ensureCluster(settings("never-made", initdb))).rejects.toThrow(
    `The embedded PostgreSQL could not be set up in ${folder}: initdb was ended by SIGTERM`,
  );
  expect(existsSync(join(folder, "never-made"))).toBe(false);
});
