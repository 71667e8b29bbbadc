/**
 * Who is who in a cluster of the tests: the certificate of its API server, the key that signs the tokens of its accounts,
 * and a token for each program of the control plane, which has by it the rights that RBAC gives that program anywhere.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeSelfSigned } from "../provision/self-signed.ts";

const USERS = {
  admin: { user: "admin", group: "system:masters" },
  "kube-controller-manager": { user: "system:kube-controller-manager", group: "" },
  "kube-scheduler": { user: "system:kube-scheduler", group: "" },
  // It stands for every kubelet at once, and for what they may do together there is no role.
  kwok: { user: "kwok", group: "system:masters" },
} as const;

export type User = keyof typeof USERS;

export interface Credentials {
  readonly certificateFile: string;
  readonly certificateKeyFile: string;
  /** PEM: whoever trusts it trusts the API server. */
  readonly authority: string;
  readonly accountKeyFile: string;
  readonly accountPublicKeyFile: string;
  /** For the API server: which token is whose. */
  readonly tokensFile: string;
  tokenOf(user: User): string;
}

/** Makes them in `directory`. Throws `MissingTool` without openssl. */
export async function makeCredentials(directory: string): Promise<Credentials> {
  const { certificate, key } = makeSelfSigned(directory, "IP:127.0.0.1");
  const accounts = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const accountKeyFile = join(directory, "accounts.key");
  const accountPublicKeyFile = join(directory, "accounts.pub");
  const tokensFile = join(directory, "tokens.csv");
  const tokens = new Map(Object.keys(USERS).map((name) => [name, randomBytes(24).toString("hex")]));
  const tokenOf = (user: User) => tokens.get(user) ?? "";
  const lines = Object.entries(USERS).map(
    ([name, { user, group }]) => `${tokens.get(name)},${user},${user}${group === "" ? "" : `,${group}`}`,
  );
  await writeFile(accountKeyFile, accounts.privateKey, { mode: 0o600 });
  await writeFile(accountPublicKeyFile, accounts.publicKey);
  await writeFile(tokensFile, `${lines.join("\n")}\n`, { mode: 0o600 });
  return {
    certificateFile: certificate,
    certificateKeyFile: key,
    authority: await readFile(certificate, "utf8"),
    accountKeyFile,
    accountPublicKeyFile,
    tokensFile,
    tokenOf,
  };
}

/** Writes a kubeconfig for whoever has `token`. */
export async function writeKubeconfig(
  file: string,
  { url, authorityFile, token }: { readonly url: string; readonly authorityFile: string; readonly token: string },
): Promise<string> {
  const named = { name: "tests" };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ ...named, cluster: { server: url, "certificate-authority": authorityFile } }],
    users: [{ ...named, user: { token } }],
    contexts: [{ ...named, context: { cluster: "tests", user: "tests" } }],
    "current-context": "tests",
  };
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
