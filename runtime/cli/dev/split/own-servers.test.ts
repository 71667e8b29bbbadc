import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { holdDataDirectory } from "../../../database/embedded/data-directory.ts";
import { StartError } from "../../../start-error.ts";
import { removeMessages } from "./own-servers.ts";
import { noteUnderWay, underWayIn } from "./under-way.ts";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "genai-demo-messages-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const folder = () => join(dataDir, "kafka");

test("messages are removed, and nothing else; where there are none, nothing is done", async () => {
  await Bun.write(join(folder(), "1", "data", "meta.properties"), "");
  await Bun.write(join(dataDir, "identity", "key"), "");
  await removeMessages(dataDir);
  await removeMessages(dataDir);
  await removeMessages(join(dataDir, "new"));
  expect(existsSync(folder())).toBe(false);
  expect(existsSync(join(dataDir, "identity", "key"))).toBe(true);
  expect(existsSync(join(dataDir, "new"))).toBe(false);
});

test("with the messages goes the note of them, also where they are on brokers that were given", async () => {
  noteUnderWay(dataDir, "broker-1:9092");
  await removeMessages(dataDir);
  expect(underWayIn(dataDir)).toBeNull();
});

test("messages in use are not removed", async () => {
  await Bun.write(join(folder(), "1", "data", "meta.properties"), "");
  const release = holdDataDirectory(dataDir);
  try {
    const error = await removeMessages(dataDir).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StartError);
    expect(String(error)).toContain(`in use by process ${process.pid}`);
    expect(existsSync(folder())).toBe(true);
  } finally {
    release();
  }
  await removeMessages(dataDir);
  expect(existsSync(folder())).toBe(false);
});
