/**
 * What README.md and docs/ tell to paste into a shell does what they say. A block that a test cannot paste says why
 * behind its language, `sh WHY`.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Glob } from "bun";
import type { Client } from "../../journeys/client.ts";
import { startTestPlatform, type TestPlatform, tokenOf } from "../../journeys/platform.ts";
import { type Block, blocksOf } from "./markdown.ts";
import { openShell, type Shell } from "./shell.ts";

setDefaultTimeout(120_000);

const ROOT = join(import.meta.dir, "..", "..", "..");
const ADDRESS = "http://127.0.0.1:8080";
/** It changes the checkout, so that it has a test of its own. */
const TUTORIAL = "docs/add-a-module.md";

let platform: TestPlatform;
let shell: Shell;
let alice: Client;
let address = "";

beforeAll(async () => {
  platform = await startTestPlatform();
  address = platform.process.url;
  alice = await platform.customer("alice");
  shell = openShell({
    cwd: ROOT,
    env: { DATA_DIR: platform.dataDir, WATCHER: await tokenOf(platform.dataDir, "operator", "watcher") },
    awake: `curl -s -H "Authorization: Bearer $WATCHER" ${address}/api/v1/ops/reconcile | grep -q '"inFlight":0'`,
  });
});
afterAll(async () => {
  await shell.close();
  await platform.stop();
});

const documented = async (path: string) => blocksOf(await readFile(join(ROOT, path), "utf8"));
const paste = ({ text }: Block) => shell.paste(text.replaceAll(ADDRESS, address));
const isPasted = ({ language, note }: Block) => language === "sh" && note === "";

test("an order is placed, sent and returned with the lines of README.md", async () => {
  const [place, look, send, ...others] = (await documented("README.md")).filter(isPasted);
  if (!place || !look || !send) throw new Error("README.md has lost its blocks");
  expect(others).toEqual([]);

  const placed = await paste(place);
  expect(placed).toMatch(/"status":"(CONFIRMED|FULFILLING)"/);
  const id = /"id":"([^"]+)"/.exec(placed)?.[1] ?? "";

  const looked = await paste(look);
  expect(looked).toContain('"status":"FULFILLING"');
  for (const answer of [
    '"type":"OrderConfirmed"',
    '"status":"AUTHORISED"',
    '"status":"SCHEDULED"',
    '"kind":',
    '"sku":"SKU-001"',
  ])
    expect(looked).toContain(answer);

  const returned = await paste(send);
  expect(returned).not.toContain("/problems/");
  await alice.until(id, "RETURNED");
});

test("README.zh-TW.md has the same blocks, whose comments may be in Chinese", async () => {
  const inWords = async (path: string) =>
    (await documented(path)).map(({ language, note, text }) => [language, note, text.replaceAll(/ +# .*$/gm, "")]);
  expect(await inWords("README.zh-TW.md")).toEqual(await inWords("README.md"));
});

test("the other documents' blocks do what they say, or say why nobody pastes them", async () => {
  const paths = (await Array.fromAsync(new Glob("docs/*.md").scan({ cwd: ROOT }))).sort();
  expect(paths).toContain(TUTORIAL);
  for (const path of paths.filter((each) => each !== TUTORIAL))
    for (const block of (await documented(path)).filter(isPasted)) await paste(block);
});
