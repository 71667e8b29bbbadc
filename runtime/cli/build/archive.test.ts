import { afterAll, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { packPostgres } from "./archive.ts";

const folder = mkdtempSync(join(tmpdir(), "genai-demo-archive-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function native(name: string, atSeconds: number): string {
  const place = join(folder, name);
  for (const made of ["bin", "lib/pkgconfig"]) mkdirSync(join(place, made), { recursive: true });
  const files = { "bin/postgres": "program", "lib/libpq.so.5.18": "x".repeat(700), "lib/libpq.a": "static" };
  for (const [path, text] of Object.entries({ ...files, "lib/pkgconfig/libpq.pc": "for compilers", complete: "" })) {
    writeFileSync(join(place, path), text);
    utimesSync(join(place, path), atSeconds, atSeconds);
  }
  symlinkSync("libpq.so.5.18", join(place, "lib", "libpq.so"));
  return place;
}

test("the same files make the same archive, whenever and wherever; what only a compiler needs and links stay out", async () => {
  const first = await packPostgres(native("one", 1_000_000_000), join(folder, "a"));
  // The archive's own clock counts seconds.
  await Bun.sleep(1_100);
  const second = await packPostgres(native("two", 1_700_000_000), join(folder, "b"));
  expect(basename(first)).toMatch(/^postgresql-[0-9a-f]{16}\.tar\.zst$/);
  expect(basename(second)).toBe(basename(first));
  expect(readFileSync(second).equals(readFileSync(first))).toBe(true);
  expect(readdirSync(join(folder, "a"))).toEqual([basename(first)]);
  const files = await new Bun.Archive(Bun.zstdDecompressSync(readFileSync(first))).files();
  expect([...files.keys()].toSorted()).toEqual(["bin/postgres", "lib/libpq.so.5.18"]);
  expect(await files.get("lib/libpq.so.5.18")?.text()).toBe("x".repeat(700));
});
