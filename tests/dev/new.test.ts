/** `new` refuses what it cannot write, in one line that says what to do instead. What it writes: documents/add-a-module.test.ts. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";
import { registry } from "../../modules/registry.ts";
import { UsageError } from "../../runtime/cli/arguments.ts";
import { run } from "../../runtime/cli/new.ts";

const ROOT = join(import.meta.dir, "..", "..");

/** All files under modules/ with their sizes and times. */
async function filesOf() {
  const paths = await Array.fromAsync(new Glob("modules/**/*").scan({ cwd: ROOT }));
  return paths.sort().map((path) => [path, Bun.file(join(ROOT, path)).size, Bun.file(join(ROOT, path)).lastModified]);
}

async function refusalOf(line: string): Promise<string> {
  const before = await filesOf();
  const refused: unknown = await run(line.split(" "), registry).catch((error: unknown) => error);
  if (!(refused instanceof UsageError)) throw new Error(`${line} was not refused: ${refused}`);
  expect(await filesOf()).toEqual(before);
  expect(refused.message).not.toContain("\n");
  return refused.message;
}

test.each([
  ["table loyalty", "new makes a module, a command or an event, not table (see new --help)"],
  ["module", "new module needs a name: bun run new module loyalty"],
  ["module Loyalty", "Loyalty cannot name a module: use one lower-case word of a-z and 0-9, such as loyalty"],
  ["module loyalty-points", "loyalty-points cannot name a module: use one lower-case word"],
  ["module delete", "delete cannot be had: delete is a word of TypeScript. Choose another name"],
  ["module store", "store cannot be had: the files of a module use store for something else"],
  ["module order", "there is a module order already: choose another name"],
  ["module orders", "/api/v1/orders is answered by order already: choose another name"],
  ["module one two", "new module takes one name, not two as well"],
  ["command AddPoints", "new command needs a module and a name: bun run new command loyalty.AddPoints"],
  ["command loyalty.AddPoints", "A new one: bun run new module loyalty"],
  ["command order.addPoints", "addPoints cannot name a command: use words that begin with capital letters"],
  ["command order.Delete", "Delete cannot be had: delete is a word of TypeScript"],
  ["command order Order", "Order is what order itself is called"],
  ["command payment.Payment1 --by Pay", "--by is for an event"],
  ["event order.OrderConfirmed", "modules/order/contract.ts has a OrderConfirmed already: choose another name"],
  ["event order.OrderArchived", "order has grown another plan than `new module` gives"],
  ["command order.ArchiveOrder", "order has grown another plan than `new module` gives"],
  ["command order.ArchiveOrder --force", "There is no flag --force (see --help)"],
])("new %s: %s", async (line, expected) => {
  expect(await refusalOf(line)).toContain(expected);
});
