/**
 * The token that this process shows to those it asks. It is kept, and replaced before it ends: at an issuer of our own
 * by signing another one, in a cluster by reading the file again, which the kubelet renews long before. Who cannot get
 * one hears what to check; the next call tries again.
 */
import { readFile } from "node:fs/promises";
import { decodeJwt } from "jose";
import type { Clock } from "../clock.ts";
import { messageOf } from "../error-text.ts";
import type { Scheduler } from "../scheduler.ts";
import type { DevelopmentIssuer } from "./development-issuer.ts";

export interface ServiceTokens {
  /** A token that is good for some seconds at least; rejects with `ServiceTokenError`. */
  current(): Promise<string>;
}

/** There is no token to show, in one line that says what to do. */
export class ServiceTokenError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ServiceTokenError";
  }
}

const TTL_SECONDS = 300;
const RENEW_BEFORE_MS = 60_000;

/** Tokens for a process that speaks for `callers`, signed by this machine's development issuer. */
export function issuedTokens(
  issuer: Pick<DevelopmentIssuer, "issueService">,
  callers: readonly string[],
  clock: Clock,
): ServiceTokens {
  return keptUntil(clock, async () => {
    const untilMs = clock.now() + TTL_SECONDS * 1000 - RENEW_BEFORE_MS;
    return { token: await issuer.issueService({ callers, ttlSeconds: TTL_SECONDS }), untilMs };
  });
}

const READ_AGAIN_AFTER_MS = 60_000;
const SHOWN_BEFORE_END_MS = 10_000;

/** The token in a file, such as a pod's projected ServiceAccount token; read again every minute. */
export function tokensFromFile(path: string, clock: Clock, scheduler: Scheduler): ServiceTokens {
  return keptUntil(clock, async () => {
    const text = await scheduler
      .external("read-service-token", () => readFile(path, "utf8"))
      .catch((error) => {
        const advice =
          "mount the pod's projected ServiceAccount token there, or set SERVICE_TOKEN_FILE to where it is.";
        throw new ServiceTokenError(`cannot read the service token ${path} (${messageOf(error)}): ${advice}`);
      });
    const token = text.trim();
    const endsMs = endOf(token, path);
    const nowMs = clock.now();
    if (endsMs <= nowMs) {
      const ended = new Date(endsMs).toISOString();
      throw new ServiceTokenError(`the service token ${path} ended at ${ended}: whoever writes that file has stopped.`);
    }
    return { token, untilMs: Math.min(nowMs + READ_AGAIN_AFTER_MS, endsMs - SHOWN_BEFORE_END_MS) };
  });
}

function endOf(token: string, path: string): number {
  try {
    const { exp } = decodeJwt(token);
    if (exp !== undefined) return exp * 1000;
  } catch {
    // Said below.
  }
  throw new ServiceTokenError(`${path} holds no token that ends: SERVICE_TOKEN_FILE must name a projected one.`);
}

interface Kept {
  readonly token: string;
  readonly untilMs: number;
}

/** Calls that come while a token is on its way wait for the same one. */
function keptUntil(clock: Clock, renew: () => Promise<Kept>): ServiceTokens {
  let kept: Kept | undefined;
  let coming: Promise<Kept> | undefined;
  return {
    async current() {
      if (kept && clock.now() < kept.untilMs) return kept.token;
      coming ??= renew().finally(() => {
        coming = undefined;
      });
      kept = await coming;
      return kept.token;
    },
  };
}
