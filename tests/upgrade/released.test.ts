/** What is released stays as it is, and what comes after it leaves the release before in peace. */
import { describe, expect, test } from "bun:test";
import { registry } from "../../modules/registry.ts";
import { neededBy } from "../../runtime/database/contracting-migration.ts";
import { fingerprint } from "../../runtime/database/schema-state.ts";
import { schemasOf } from "../../runtime/platform.ts";
import { runCommand } from "../journeys/process.ts";
import { previousProgram, previousRelease } from "./previous.ts";
import { takenAway } from "./taken-away.ts";

const release = previousRelease();
const schemas = schemasOf(registry).map(({ name, migrations }) => ({
  name,
  migrations,
  released: release.migrations[name] ?? [],
}));

test("the previous release unpacks to what its hash says, and runs", async () => {
  const { code, stdout } = await runCommand(["--help"], {}, await previousProgram());
  expect([code, stdout]).toEqual([0, expect.stringContaining("genai-demo COMMAND")]);
  expect(Object.keys(release.migrations).length).toBeGreaterThan(5);
});

test.each(schemas)("$name has every released migration, unchanged", ({ migrations, released }) => {
  const now = new Map(migrations.map(({ id, sql }) => [id, fingerprint(sql)]));
  for (const { id, sha256 } of released) expect([id, now.get(id)]).toEqual([id, sha256]);
});

describe.each(schemas)("migrations of $name since then", ({ migrations, released }) => {
  const before = new Set(released.map(({ id }) => id));
  const since = migrations.filter(({ id }) => !before.has(id));

  test("take nothing away from the release before, or say whom they leave behind", () => {
    // A schema that the release before does not have is nobody's.
    if (released.length === 0) return;
    const faults = since.flatMap(({ id, sql }) =>
      neededBy(sql) === null ? takenAway(sql).map((each) => `${id}: ${each} (docs/upgrade.md)`) : [],
    );
    expect(faults).toEqual([]);
  });

  test("need what the release before has, where they take something away", () => {
    for (const { id, sql } of since) {
      const needs = neededBy(sql);
      // Else no process of the release before could be started any more, and nothing rolled back to it.
      if (needs !== null) expect([id, needs, before.has(needs)]).toEqual([id, needs, true]);
    }
  });
});
