/** How commands ask a running platform what only operators may: over its public API, with an operator's token. */
import { join } from "node:path";
import { systemClock } from "../clock.ts";
import { messageOf } from "../error-text.ts";
import { findDevelopmentIssuer } from "../identity/development-issuer.ts";
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
export class OperatorError extends Error {
  /** Of the answer; null when there was none. */
  readonly status: number | null;

  constructor(message: string, status: number | null = null) {
    super(message);
    this.status = status;
  }
}

type Flags = { readonly [Name in keyof typeof operatorFlags]?: string };

const TIMEOUT_MS = 10 * 60_000;
/** A token for one command. */
const TOKEN_SECONDS = 3600;

/** Requests that are answered with a status below 400 resolve; anything else rejects with an `OperatorError`. */
export async function operatorClient(flags: Flags): Promise<OperatorClient> {
  const given = flags.url ?? `http://127.0.0.1:${process.env.PORT || 8080}`;
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol))
    throw new UsageError(`--url ${given}: give an address such as http://127.0.0.1:8080`);
  const origin = new URL(given).origin;
  const token = await tokenFrom(flags);
  return async ({ method, path, body, headers }) => {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${origin}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        // The environment's proxy has no way to this machine, and gets no operator's token for it.
        ...(isThisMachine(origin) ? { proxy: false } : {}),
      });
      text = await response.text();
    } catch (error) {
      const why = messageOf(error);
      throw new OperatorError(`${origin} does not answer (${why}): start the platform, or give its address with --url`);
    }
    const { status } = response;
    const answer: OperatorAnswer = { status, body: jsonOf(text) };
    if (response.ok) return answer;
    const said = inOneLine(detailOf(answer.body) ?? text);
    throw new OperatorError(`${method} ${path}: ${status} ${said} ${hint(status, answer.body)}`.trimEnd(), status);
  };
}

const isThisMachine = (origin: string) => /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(new URL(origin).hostname);

async function tokenFrom(flags: Flags): Promise<string> {
  const [from, given] =
    flags.token === undefined ? ["OPERATOR_TOKEN", process.env.OPERATOR_TOKEN] : ["--token", flags.token];
  if (given) {
    if (/^[\x21-\x7e]+$/.test(given)) return given;
    throw new UsageError(`${from} holds what no token has, such as a space or a line break: give the token alone`);
  }
  const dataDir = flags.data ?? (process.env.DATA_DIR || join(process.cwd(), ".data"));
  const issuer = await findDevelopmentIssuer(dataDir, systemClock);
  if (issuer === null)
    throw new OperatorError(`there are no development keys in ${dataDir}: give --token, or the platform's own --data`);
  return issuer.issue({ role: "operator", sub: "cli", ttlSeconds: TOKEN_SECONDS });
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

const SHOWN_CHARACTERS = 300;

/** Also a page, such as that of a proxy in between. */
const inOneLine = (text: string) => text.replaceAll(/\s+/g, " ").trim().slice(0, SHOWN_CHARACTERS);

function hint(status: number, body: unknown): string {
  if (status === 401) return "Give an operator's token with --token, or the platform's own data directory with --data.";
  if (status !== 404) return "";
  const isOurs = detailOf(body)?.startsWith("There is nothing at") === false;
  return isOurs ? "See what there is with: deadletters list" : "Is this the address of a platform of this version?";
}
