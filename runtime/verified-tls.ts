/** TLS to a server whose certificate and name are checked, always. */
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";

export interface TlsSettings {
  readonly rejectUnauthorized: true;
  readonly servername: string | undefined;
  readonly ca: string | undefined;
  readonly checkServerIdentity: (name: string, certificate: PeerCertificate) => Error | undefined;
}

/** Trusts `host` by the authorities in `ca` (PEM), or by the system's where that is left out. */
export function verifiedTls(host: string, ca: string | undefined): TlsSettings {
  return {
    rejectUnauthorized: true,
    servername: isIP(host) ? undefined : host,
    ca,
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
  };
}
