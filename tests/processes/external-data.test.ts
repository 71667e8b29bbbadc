/** Data that a test has made on a server goes with it, also when the making fails half-way. */
import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { administer, type ExternalData, makeExternalData, orRemoved } from "../journeys/external-data.ts";
import { startExternalPostgres } from "../provision/external-postgres.ts";
import { provideOrSkip } from "../provision/missing.ts";

const server = await provideOrSkip("tests/processes/external-data", () => startExternalPostgres());
afterAll(() => server?.stop());

const isThere = async (url: string, { url: ofData, dataDir }: ExternalData) => {
  const name = new URL(ofData).pathname.slice(1);
  const found = await administer(url, `select 1 from pg_database where datname = '${name}'`);
  return [found.length === 1, existsSync(dataDir)];
};

test.skipIf(server === undefined)(
  "what fails on the way removes the database and the directory, and is told",
  async () => {
    const url = server?.url ?? "";
    const data = await makeExternalData(url, {}, { migrated: false });
    expect(await isThere(url, await orRemoved(data, async () => undefined))).toEqual([true, true]);
    const fails = () => Promise.reject(new Error("topics failed"));
    expect(await orRemoved(data, fails).catch(String)).toBe("Error: topics failed");
    expect(await isThere(url, data)).toEqual([false, false]);
  },
);
