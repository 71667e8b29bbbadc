/**
 * A server certificate for 127.0.0.1 from an authority of our own, for listeners that only tests reach. Made once with
 * the keytool that every Java runtime has. Nothing but the test that is given the authority trusts it.
 */
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { installOnce } from "./cache.ts";
import type { Java } from "./java.ts";

export interface Certificate {
  /** The authority's certificate (PEM): whoever trusts it trusts the server. */
  readonly ca: string;
  /** A PKCS #12 file with the server's key and its chain. */
  readonly keyStore: string;
  readonly keyStorePassword: string;
}

const PASSWORD = "only-on-loopback";
const KEY_STORE = "server.p12";
const AUTHORITY = "ca.pem";
const VALID_DAYS = "7300";

/** The certificate in the cache. */
export async function provisionCertificate(java: Java): Promise<Certificate> {
  const directory = await installOnce("certificate-127.0.0.1", (building) => makeCertificate(java, building));
  return {
    ca: await readFile(join(directory, AUTHORITY), "utf8"),
    keyStore: join(directory, KEY_STORE),
    keyStorePassword: PASSWORD,
  };
}

async function makeCertificate(java: Java, directory: string): Promise<void> {
  const keyStore = join(directory, KEY_STORE);
  const makeKey = (alias: string, ...words: readonly string[]) => {
    const name = `CN=genai-demo tests ${alias}`;
    return ["-genkeypair", "-alias", alias, "-dname", name, "-keyalg", "EC", "-groupname", "secp256r1", ...words];
  };
  const keytool = (words: readonly string[]) => {
    const store = ["-keystore", keyStore, "-storetype", "PKCS12", "-storepass", PASSWORD];
    const { exitCode, stdout, stderr } = Bun.spawnSync([join(java.home, "bin", "keytool"), ...words, ...store]);
    if (exitCode !== 0) throw new Error(`keytool could not make a certificate:\n${stdout}${stderr}`);
  };
  keytool(makeKey("authority", "-ext", "bc:critical=ca:true", "-validity", VALID_DAYS));
  keytool(makeKey("server", "-signer", "authority", "-ext", "san=ip:127.0.0.1", "-validity", VALID_DAYS));
  keytool(["-exportcert", "-rfc", "-alias", "authority", "-file", join(directory, AUTHORITY)]);
  await chmod(keyStore, 0o600);
}
