/** Certificates for listeners that only tests reach, made with openssl. Each is its own authority. */
import { join } from "node:path";
import { MissingTool } from "./missing.ts";

/** PEM files. */
export interface CertificateFiles {
  /** Whoever takes it for an authority trusts the server. */
  readonly certificate: string;
  readonly key: string;
}

const HINT = "install it (Debian: apt-get install openssl; macOS: brew install openssl) and run again";

/** Makes a certificate for `subject` (`IP:127.0.0.1`, `DNS:example.org`). Throws `MissingTool` without openssl. */
export function makeSelfSigned(directory: string, subject: string): CertificateFiles {
  const name = subject.replace(/^\w+:/, "");
  const files = { certificate: join(directory, `${name}.pem`), key: join(directory, `${name}.key`) };
  if (Bun.which("openssl") === null) throw new MissingTool("openssl", HINT);
  const { exitCode, stderr } = Bun.spawnSync([
    ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-days", "2", "-subj", `/CN=${name}`, "-addext", `subjectAltName=${subject}`],
    ...["-keyout", files.key, "-out", files.certificate],
  ]);
  if (exitCode !== 0) throw new Error(`openssl could not make a certificate:\n${stderr}`);
  return files;
}
