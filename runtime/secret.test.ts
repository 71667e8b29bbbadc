import { expect, test } from "bun:test";
import { format, inspect } from "node:util";
import { isSecret, REDACTED, secret } from "./secret.ts";

const TEXT = "correct horse battery staple";
const kept = secret(TEXT);

test("a secret is opened by who asks for it, and by nothing else", () => {
  expect(kept.open()).toBe(TEXT);
  expect([isSecret(kept), isSecret(TEXT), isSecret(null), isSecret({ open: () => TEXT })]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

const error = new Error("broken", { cause: { kept } });
test.each([
  ["a template", `${kept}`],
  ["String", String(kept)],
  ["a sum", `a${kept}`],
  ["JSON", JSON.stringify({ kept, list: [kept] })],
  ["Bun.inspect", Bun.inspect({ kept, list: [kept] }, { depth: 9 })],
  ["util.inspect", inspect({ kept, map: new Map([["kept", kept]]) }, { depth: 9, showHidden: true })],
  ["util.format", format("%s %o %j", kept, kept, kept)],
  ["an error that it is behind", Bun.inspect(error)],
  ["spread into another object", JSON.stringify({ ...kept })],
  ["its properties", Object.values(kept).map(String).join()],
])("%s shows nothing of it", (_how, shown) => {
  expect(shown).not.toContain("horse");
});

test("it says that something is left out", () => {
  expect(JSON.stringify({ kept })).toBe(`{"kept":"${REDACTED}"}`);
  expect(Bun.inspect(kept)).toBe(REDACTED);
});

test("a process prints nothing of it", () => {
  const script = `const { secret } = await import(${JSON.stringify(`${import.meta.dir}/secret.ts`)});
    const kept = secret(process.env.KEPT); console.log(kept, { kept }, [kept]); console.error("%s %o", kept, kept);
    console.table([{ kept }]); throw new Error("broken", { cause: { kept } });`;
  const { stdout, stderr } = Bun.spawnSync([process.execPath, "-e", script], { env: { ...process.env, KEPT: TEXT } });
  const printed = `${stdout}${stderr}`;
  expect(printed).toContain(REDACTED);
  expect(printed).toContain("broken");
  expect(printed).not.toContain("horse");
});
