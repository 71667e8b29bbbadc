import { expect, test } from "bun:test";
import { neededBy } from "./contracting-migration.ts";

test("what it needs stands in its first lines, and nowhere else", () => {
  expect(neededBy("-- online\n-- contract: needs 0006_names_unused\ndrop index concurrently if exists a;")).toBe(
    "0006_names_unused",
  );
  expect(neededBy("-- Why.\r\n-- contract: needs core_0006_b \r\nselect 1;")).toBe("core_0006_b");
  expect(neededBy("alter table a drop column b;\n-- contract: needs 0006_a\n")).toBeNull();
  expect(neededBy("alter table a add column b text;")).toBeNull();
});
