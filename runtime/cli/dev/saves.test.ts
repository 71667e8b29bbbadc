import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "../../clock.ts";
import { systemScheduler as scheduler } from "../../scheduler.ts";
import { isLoaded, type Saves, watchSaves } from "./saves.ts";

let root: string;
let saves: Saves;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "genai-demo-saves-"));
  mkdirSync(join(root, "modules", "order"), { recursive: true });
  write("modules/order/saga.ts");
  const onFault = (reason: string) => {
    throw new Error(reason);
  };
  saves = watchSaves({ root, folders: ["modules", "runtime"], clock, scheduler, onFault });
});
afterEach(() => {
  saves.close();
  rmSync(root, { recursive: true, force: true });
});

const write = (path: string) => writeFileSync(join(root, path), String(Math.random()));
const nextFiles = async () => {
  await saves.some();
  return saves.take().files;
};

test("a file that is written in place, or replaced by another, again and again", async () => {
  for (let round = 0; round < 2; round++) {
    write("modules/order/saga.ts");
    expect(await nextFiles()).toEqual(["modules/order/saga.ts"]);
    write("modules/order/saga.ts~");
    renameSync(join(root, "modules/order/saga.ts~"), join(root, "modules/order/saga.ts"));
    expect(await nextFiles()).toEqual(["modules/order/saga.ts"]);
  }
});

test("a file that comes, in a folder that comes, and goes", async () => {
  mkdirSync(join(root, "modules/order/returns"));
  write("modules/order/returns/rules.ts");
  expect(await nextFiles()).toEqual(["modules/order/returns/rules.ts"]);
  write("modules/order/returns/rules.ts");
  expect(await nextFiles()).toEqual(["modules/order/returns/rules.ts"]);
  rmSync(join(root, "modules/order/returns/rules.ts"));
  expect(await nextFiles()).toEqual(["modules/order/returns/rules.ts"]);
});

test("saves that follow each other closely are one, since the first; what nobody took stays", async () => {
  const beforeMs = clock.now();
  for (const name of ["b.ts", "a.ts", "c.sql"]) write(`modules/order/${name}`);
  await saves.some();
  await saves.some();
  const { files, sinceMs } = saves.take();
  expect(files).toEqual(["modules/order/a.ts", "modules/order/b.ts", "modules/order/c.sql"]);
  expect(sinceMs).toBeGreaterThanOrEqual(beforeMs);
});

test("what the application does not load is passed over", async () => {
  for (const name of ["saga.test.ts", "shop.fixture.ts", ".saga.ts.swp", "4913", "saga.ts~", "#saga.ts#"])
    write(`modules/order/${name}`);
  write("modules/order/saga.ts");
  expect(await nextFiles()).toEqual(["modules/order/saga.ts"]);
  expect(isLoaded("modules/order/node_modules/x/index.ts")).toBe(false);
});
