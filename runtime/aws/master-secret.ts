/**
 * The name and password of an instance's master, which RDS keeps in Secrets Manager and changes by itself. `migrate` reads
 * them when it needs them and keeps them nowhere. The SDK is loaded here, and only here.
 */
import { within } from "../deadline.ts";
import type { Scheduler } from "../scheduler.ts";
import { type Secret, secret } from "../secret.ts";
import { StartError } from "../start-error.ts";
import { awsFault } from "./aws-fault.ts";
import { type Credentials, processCredentials } from "./credentials.ts";

export interface Master {
  readonly user: string;
  readonly password: Secret;
}

/** With the SDK's own attempts. */
const ANSWER_MS = 20_000;

/** Reads the secret with that ARN or name. Throws a `StartError` that repeats nothing of it. */
export async function readMaster(
  name: string,
  region: string,
  scheduler: Scheduler,
  credentials?: Credentials,
): Promise<Master> {
  const { SecretsManagerClient, GetSecretValueCommand } = await import("@aws-sdk/client-secrets-manager");
  const client = new SecretsManagerClient({
    region,
    credentials: credentials ?? (await processCredentials()),
    maxAttempts: 5,
  });
  const abort = new AbortController();
  const asked = client.send(new GetSecretValueCommand({ SecretId: name }), { abortSignal: abort.signal });
  try {
    const { SecretString = "" } = await within(scheduler, ANSWER_MS, asked, () => {
      abort.abort();
      return new StartError(`Secrets Manager gave no answer within ${ANSWER_MS / 1000} s for ${name}`);
    });
    return masterOf(SecretString, name);
  } catch (error) {
    if (error instanceof StartError) throw error;
    const { kind, text, action } = awsFault(error);
    const advice =
      kind === "unavailable"
        ? "try again"
        : `give this process the right to ${action ?? "secretsmanager:GetSecretValue"} on it, and check its name`;
    throw new StartError(`The master's secret ${name} cannot be read (${text}): ${advice}`);
  } finally {
    client.destroy();
  }
}

function masterOf(text: string, name: string): Master {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    // What it says would repeat a part of the secret.
  }
  const field = (key: string): unknown => (typeof found === "object" && found !== null ? Reflect.get(found, key) : "");
  const [user, password] = [field("username"), field("password")];
  if (typeof user !== "string" || typeof password !== "string" || user === "" || password === "")
    throw new StartError(`The secret ${name} is not what RDS keeps for a master: JSON with username and password`);
  return { user, password: secret(password) };
}
