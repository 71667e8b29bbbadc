/** How commands ask a running platform what only operators may: over its public API, with an operator's token. */
import { join } from "node:path";
import { systemClock } from "../clock.ts";
import { issueToken } from "../identity/development-issuer.ts";
import { UsageError } from "./arguments.ts";

/** Flags that every such command takes. */
export const operatorFlags = { url: "string", token: "string", data: "string" } as const;

export const operatorHelp = `  --url URL      the platform's public address (default: http://127.0.0.1:PORT, PORT 8080)
  --token TOKEN  an operator's bearer token (default: OPERATOR_TOKEN, else one of the development issuer in --data)
  --data DIR     the data directory of a platform in local dev (DATA_DIR, .data)`;

interface OperatorAnswer {
  readonly status: number;
  /** The JSON body. */
  readonly body: unknown;
}

interface OperatorRequest {
  readonly method: "GET" | "POST";
  /** From `/api/v1` on. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type OperatorClient = (request: OperatorRequest) => Promise<OperatorAnswer>;

/** Why the platform gave no answer that the command can use, in one line that says what to do. */
export class OperatorError extends Error {}

type Flags = Readonly<Record<string, string | boolean | undefined>>;

const TIMEOUT_MS = 10 * 60_000;
/** A token for one command. */
const TOKEN_SECONDS = 3600;

/** Requests that are answered with a status below 400 resolve; anything else rejects with an `OperatorError`. */
export async function operatorClient(flags: Flags): Promise<OperatorClient> {
  const given = typeof flags.url === "string" ? flags.url : `http://127.0.0.1:${process.env.PORT || 8080}`;
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol))
    throw new UsageError(`--url ${given}: give an address such as http://127.0.0.1:8080`);
  const origin = new URL(given).origin;
  const token = await tokenFrom(flags);
  return async ({ method, path, body, headers }) => {
    let response: Response;
    try {
      response = await fetch(`${origin}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new OperatorError(`${origin} does not answer (${why}): start the platform, or give its address with --url`);
    }
    const text = await response.text();
    const answer: OperatorAnswer = { status: response.status, body: jsonOf(text) };
    if (response.ok) return answer;
    throw new OperatorError(
      `${method} ${path}: ${response.status} ${detailOf(answer.body) ?? text.slice(0, 300)}${hint(response.status)}`,
    );
  };
}

async function tokenFrom(flags: Flags): Promise<string> {
  const given = typeof flags.token === "string" ? flags.token : process.env.OPERATOR_TOKEN;
  if (given) return given;
  const dataDir = typeof flags.data === "string" ? flags.data : process.env.DATA_DIR || join(process.cwd(), ".data");
  return issueToken({ dataDir, role: "operator", sub: "cli", ttlSeconds: TOKEN_SECONDS, clock: systemClock });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function detailOf(body: unknown): string | undefined {
  return typeof body === "object" && body !== null && "detail" in body ? String(body.detail) : undefined;
}

const hint = (status: number) =>
  status === 401
    ? " Give an operator's token with --token, or the platform's own data directory with --data."
    : status === 404
      ? " Is this the address of a platform of this version?"
      : "";
