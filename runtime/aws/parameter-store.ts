/**
 * Parameter Store, read by path: all that lies directly under it, page by page, in clear.
 *
 * A path is read as a whole or not at all. Throttling, an answer of 5xx, none in time or one that is not understood are
 * met with more attempts, the SDK's own three and then pauses that grow, for as long as `patienceMs` says; a denial is
 * final at once. A path that does not exist answers as one that is empty, so both are a fault here. No fault repeats what
 * was answered: there may be values in it.
 */
import { createBackoff } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import { type Parameter, ParameterFault, type ParameterSource } from "../config/parameter-source.ts";
import { within } from "../deadline.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { awsFault } from "./aws-fault.ts";
import { type Credentials, processCredentials } from "./credentials.ts";

export interface ParameterStoreDeps {
  readonly region: string;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly credentials?: Credentials;
  /** For one page, with the SDK's own attempts. */
  readonly answerMs?: number;
}

const ACTION = "ssm:GetParametersByPath";
/** The most that it gives at once. */
const PAGE_SIZE = 10;
/** A path of ours has some twenty at most: more is an answer that goes in circles. */
const MOST_PAGES = 100;
const ANSWER_MS = 5_000;
const PAUSE = { firstMs: 200, mostMs: 5_000 };

/** Opens the store of that region; the SDK is loaded here, and only here. */
export async function openParameterStore(deps: ParameterStoreDeps): Promise<ParameterSource> {
  const { SSMClient, GetParametersByPathCommand } = await import("@aws-sdk/client-ssm");
  const credentials = deps.credentials ?? (await processCredentials());
  const { clock, scheduler, random, answerMs = ANSWER_MS } = deps;
  const client = new SSMClient({ region: deps.region, credentials, maxAttempts: 3 });

  async function page(path: string, token: string | undefined) {
    const abort = new AbortController();
    const asked = client.send(
      new GetParametersByPathCommand({
        Path: path,
        Recursive: false,
        WithDecryption: true,
        MaxResults: PAGE_SIZE,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
      { abortSignal: abort.signal },
    );
    const late = () => {
      abort.abort();
      return new ParameterFault("unavailable", `Parameter Store gave no answer within ${answerMs} ms: try again.`);
    };
    return within(scheduler, answerMs, asked, late);
  }

  async function readOnce(path: string): Promise<readonly Parameter[]> {
    const found: Parameter[] = [];
    let token: string | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const { Parameters, NextToken } = await page(path, token);
      if (Parameters === undefined) throw notUnderstood();
      for (const each of Parameters) found.push(parameterOf(path, each));
      if (NextToken === undefined || NextToken === "") return found;
      token = NextToken;
    }
    throw notUnderstood();
  }

  return {
    async read(path, patienceMs) {
      const backoff = createBackoff(random, PAUSE);
      const untilMs = clock.now() + patienceMs;
      for (;;) {
        try {
          const found = await readOnce(path);
          if (found.length === 0)
            throw new ParameterFault(
              "empty",
              "there is no parameter under it: check PARAMETER_PATH, or put them there.",
            );
          return found;
        } catch (error) {
          const fault = faultOf(error);
          const pauseMs = backoff.nextMs();
          if (fault.kind !== "unavailable" || clock.now() + pauseMs >= untilMs) throw fault;
          await scheduler.sleep(pauseMs);
        }
      }
    },
    close: () => client.destroy(),
  };
}

function parameterOf(
  path: string,
  {
    Name,
    Value,
    Type,
  }: { readonly Name?: string | undefined; readonly Value?: string | undefined; readonly Type?: string | undefined },
): Parameter {
  const name = Name?.startsWith(`${path}/`) ? Name.slice(path.length + 1) : "";
  if (name === "" || name.includes("/") || Value === undefined) throw notUnderstood();
  return { name, value: Value, isSecure: Type === "SecureString" };
}

const notUnderstood = () =>
  new ParameterFault("unavailable", "Parameter Store gives an answer that is not understood: try again.");

function faultOf(error: unknown): ParameterFault {
  if (error instanceof ParameterFault) return error;
  const { kind, text, action } = awsFault(error);
  switch (kind) {
    case "denied":
      return new ParameterFault(
        kind,
        `${action ?? ACTION} is denied (${text}): give this process's role that right on it.`,
      );
    case "refused":
      return new ParameterFault(kind, `${ACTION} is refused (${text}).`);
    default:
      return new ParameterFault(kind, `Parameter Store cannot be asked (${text}): try again.`);
  }
}
