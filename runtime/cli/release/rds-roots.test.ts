import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { parseConnectionUrl } from "../../database/connection-url.ts";
import { rdsRoots, rdsRootsPem } from "./rds-roots.ts";

const roots = rdsRoots();
const regions = [...new Set(roots.map(({ region }) => region))];

test("each region has its three roots, and the regions are those that the page names", async () => {
  expect(regions).toContain("us-east-1");
  expect(regions).toContain("ap-northeast-1");
  for (const region of regions)
    expect(roots.filter((root) => root.region === region).map(({ key }) => key)).toEqual([
      "ECC384",
      "RSA2048",
      "RSA4096",
    ]);
  const page = await Bun.file(join(import.meta.dir, "..", "..", "..", "docs", "release.md")).text();
  expect(page).toContain(`\`${regions.join("`, `")}\``);
});

test("each is a root: it signed itself, may sign others, and is valid for decades", () => {
  for (const { certificate } of roots) {
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.ca).toBe(true);
    expect(certificate.subject).toBe(certificate.issuer);
    expect(new Date(certificate.validTo).getUTCFullYear()).toBeGreaterThanOrEqual(2061);
  }
});

test("nothing else is trusted: no test region of AWS, no public root", () => {
  expect(new Set(roots.map(({ certificate }) => certificate.fingerprint256)).size).toBe(roots.length);
  for (const { certificate } of roots) expect(certificate.subject).not.toMatch(/beta|preview|starfield|root ca 1/i);
});

test("the file is what a database URL's sslrootcert takes, with every certificate in it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "genai-demo-rds-roots-"));
  try {
    const file = join(folder, "rds-roots.pem");
    await writeFile(file, rdsRootsPem());
    const url = `postgres://me:secret@db.example.com/x?sslmode=verify-full&sslrootcert=${file}`;
    expect(parseConnectionUrl(url).tls).not.toBeNull();
    const pems = rdsRootsPem().match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];
    expect(pems.map((pem) => new X509Certificate(pem).fingerprint256)).toEqual(
      roots.map(({ certificate }) => certificate.fingerprint256),
    );
    expect(() => createSecureContext({ ca: rdsRootsPem() })).not.toThrow();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
