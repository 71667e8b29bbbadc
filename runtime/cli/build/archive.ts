/**
 * Packs the embedded PostgreSQL of a target for its executable: the npm package's files as a tar, compressed, the same
 * bytes each time. The links between the libraries and what only a compiler needs stay out; `native.ts` makes the links.
 */
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { archiveName } from "../../database/embedded/archive.ts";
import { invariant } from "../../invariant.ts";

/** 9: a second and 19 MB; 19 takes half a minute for 2 MB less. */
const ZSTD_LEVEL = 9;
const FOR_COMPILERS = /\.a$|^lib\/pkgconfig\//;

/** Writes the archive of the package's `native` folder into a folder; resolves with its path. */
export async function packPostgres(native: string, into: string): Promise<string> {
  const names = [...new Glob("**/*").scanSync({ cwd: native, dot: true, onlyFiles: true })]
    .filter(
      (name) => !FOR_COMPILERS.test(name) && !lstatSync(join(native, name)).isSymbolicLink() && name !== "complete",
    )
    .sort();
  const files: Record<string, Uint8Array> = {};
  for (const name of names) files[name] = await Bun.file(join(native, name)).bytes();
  const tar = await new Bun.Archive(files).bytes();
  dropTimes(tar);
  const packed = Bun.zstdCompressSync(tar, { level: ZSTD_LEVEL });
  const path = join(into, archiveName(createHash("sha256").update(packed).digest("hex")));
  mkdirSync(into, { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, packed);
  renameSync(draft, path);
  return path;
}

const BLOCK_BYTES = 512;
/** Where a header of the ustar format has what. */
const SIZE = { at: 124, bytes: 12 } as const;
const TIME = { at: 136, bytes: 12 } as const;
const CHECKSUM = { at: 148, bytes: 8 } as const;

/** Sets the time of each entry to 0: it is the time of packing, and would make each archive another one. */
export function dropTimes(tar: Uint8Array): void {
  for (let at = 0; at + BLOCK_BYTES <= tar.length && tar[at] !== 0; ) {
    const header = Buffer.from(tar.buffer, tar.byteOffset + at, BLOCK_BYTES);
    const octal = ({ at: from, bytes }: { readonly at: number; readonly bytes: number }) =>
      Number.parseInt(header.toString("latin1", from, from + bytes), 8);
    const sizeBytes = octal(SIZE);
    invariant(Number.isSafeInteger(sizeBytes), () => `the archive has no header at ${at}`);
    header.write("0".repeat(TIME.bytes - 1), TIME.at, "latin1");
    header.fill(" ", CHECKSUM.at, CHECKSUM.at + CHECKSUM.bytes);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, CHECKSUM.at, "latin1");
    at += BLOCK_BYTES + Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
}
