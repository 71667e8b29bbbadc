/**
 * The PostgreSQL that an executable carries: the files of the npm package as one compressed archive. Its name holds the
 * archive's hash, so that what is unpacked from it can be known again without reading it.
 */

const NAME = /^postgresql-([0-9a-f]{16})\.tar\.zst$/;

/** How `build` calls the archive, for a hash of its content in hex. */
export const archiveName = (sha256: string): string => `postgresql-${sha256.slice(0, 16)}.tar.zst`;

/** The archive in this executable; undefined in one without, and in a checkout. */
export function findArchive(): { readonly hash: string; readonly blob: Blob } | undefined {
  for (const blob of Bun.embeddedFiles) {
    const hash = "name" in blob ? NAME.exec(String(blob.name))?.[1] : undefined;
    if (hash !== undefined) return { hash, blob };
  }
  return undefined;
}

/** Whether this executable brings its own database. */
export const hasArchive = (): boolean => findArchive() !== undefined;
