import { afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registry } from "../../modules/registry.ts";
import { version } from "../../package.json";
import { generatedFiles, staleContracts } from "../../runtime/cli/contract-files.ts";
import { run } from "../../runtime/cli/modules.ts";

const CHECKOUT = join(import.meta.dir, "..", "..");
const fileOf = (module: string, of = version) => `modules/${module}/schemas/${of}.json`;
const PAYMENT = fileOf("payment");
let root = "";

/** A checkout as far as generated files go. */
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "genai-demo-contracts-"));
  for (const { path } of generatedFiles(registry)) await cp(join(CHECKOUT, path), join(root, path));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const read = (path: string) => readFile(join(root, path), "utf8");

/** Another text than the modules declare, as if the code had changed since. */
async function replaceIn(path: string, found: string | RegExp, by: string) {
  const text = await read(path);
  const changed = text.replace(found, by);
  expect(changed).not.toBe(text);
  await Bun.write(join(root, path), changed);
  return changed;
}

async function runHere() {
  const lines: string[] = [];
  const log = spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  try {
    return { code: await run([], registry, root), lines };
  } finally {
    log.mockRestore();
  }
}

test("this checkout's contracts are understood by every released version, and its files are current", async () => {
  expect(await staleContracts(CHECKOUT, registry)).toEqual([]);
});

test("what others have released in the meantime is stale until the command has run", async () => {
  await replaceIn("modules.json", '"host": "order"', '"host": "pricing"');
  await replaceIn(PAYMENT, /"detail": \{\s*"type": "string"\s*\},/, "");
  await rm(join(root, fileOf("order")));
  expect(await staleContracts(root, registry)).toEqual([
    "modules.json is not what the modules declare: bun run modules",
    `${fileOf("order")} is not what the modules declare: bun run modules`,
    `${PAYMENT} is not what the modules declare: bun run modules`,
  ]);
  expect(await runHere()).toEqual({
    code: 0,
    lines: ["wrote modules.json", `wrote ${fileOf("order")}`, `wrote ${PAYMENT}`],
  });
  expect(await staleContracts(root, registry)).toEqual([]);
  expect(await runHere()).toEqual({ code: 0, lines: ["all files are current"] });
});

test("a change that a released version does not understand names the field, and writes nothing", async () => {
  const released = await replaceIn(PAYMENT, /("token": \{\s*"type": )"string"/, '$1"integer"');
  await replaceIn("modules.json", '"host": "order"', '"host": "pricing"');
  const lines = [
    `this version refuses what ${version} sends: it may be integer, and string is expected`,
    `${version} refuses what this version sends: it may be string, and integer is expected`,
  ].map(
    (reason) =>
      `payment: genai-demo.payment.commands.v1 AuthorisePayment /token: ${reason}. Instead: leave AuthorisePayment as it was, and define a new type beside it, which a later release sends when every reader knows it.`,
  );
  expect(await staleContracts(root, registry)).toEqual(lines);
  expect(await runHere()).toEqual({
    code: 1,
    lines: [...lines, "nothing was written: 2 changes that released versions do not understand"],
  });
  expect(await read(PAYMENT)).toBe(released);
  expect(await read("modules.json")).toContain('"host": "pricing"');
});

test("versions of long ago count as well", async () => {
  const old = fileOf("payment", "0.0.9");
  await Bun.write(join(root, old), await read(PAYMENT));
  await replaceIn(old, `"version": "${version}"`, '"version": "0.0.9"');
  expect(await staleContracts(root, registry)).toEqual([]);
  await replaceIn(old, '"PaymentVoided"', '"PaymentReturned"');
  expect(await staleContracts(root, registry)).toEqual([
    "payment: genai-demo.payment.events.v1 PaymentReturned: it is gone, and 0.0.9 sends or reads it. Instead: keep it while 0.0.9 runs or a message of it is left, or leave it out of a new topic, genai-demo.payment.events.v2.",
  ]);
});

test("a file that holds no contract is named", async () => {
  await Bun.write(join(root, PAYMENT), "{");
  await expect(staleContracts(root, registry)).rejects.toThrow(`${PAYMENT} holds no contract any more`);
});
