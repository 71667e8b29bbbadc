/**
 * The cluster's API as a test uses it: over HTTPS, as whoever has the token. An answer that is no success throws with
 * what the API server said; what is not there reads as null.
 */
import * as z from "zod";

const ANSWER_WITHIN_MS = 20_000;
const POLL_MS = 100;

export interface ApiAccess {
  readonly url: string;
  /** PEM of who signed its certificate. */
  readonly authority: string;
  readonly token: string;
}

/** A refusal of the API server. */
export class ApiRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = "ApiRefusal";
  }
}

export interface Api {
  /** Null when there is no such object. */
  read<T>(path: string, schema: z.ZodType<T>): Promise<T | null>;
  post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T>;
  /** A JSON merge patch. */
  patch(path: string, body: unknown): Promise<void>;
  /** A JSON patch: a list of operations. */
  patchList(path: string, operations: readonly unknown[]): Promise<void>;
  remove(path: string): Promise<void>;
  /** What `look` answers as soon as it is not null. Throws after `withinMs` with what was waited for. */
  until<T>(what: string, look: () => Promise<T | null>, withinMs?: number): Promise<T>;
}

const UNTIL_MS = 60_000;
const status = z.looseObject({ message: z.string() });

/** A client; nothing is asked until it is used. */
export function apiOf({ url, authority, token }: ApiAccess): Api {
  const request = async (method: string, path: string, body?: unknown, type = "application/json") => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      tls: { ca: authority },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const text = await response.text();
    if (response.ok) return text;
    throw new ApiRefusal(response.status, `${method} ${path}: ${response.status} ${messageIn(text)}`);
  };
  return {
    async read(path, schema) {
      try {
        return schema.parse(JSON.parse(await request("GET", path)));
      } catch (error) {
        if (error instanceof ApiRefusal && error.status === 404) return null;
        throw error;
      }
    },
    post: async (path, body, schema) => schema.parse(JSON.parse(await request("POST", path, body))),
    async patch(path, body) {
      await request("PATCH", path, body, "application/merge-patch+json");
    },
    async patchList(path, operations) {
      await request("PATCH", path, operations, "application/json-patch+json");
    },
    async remove(path) {
      await request("DELETE", path);
    },
    async until(what, look, withinMs = UNTIL_MS) {
      const deadline = performance.now() + withinMs;
      for (;;) {
        const seen = await look();
        if (seen !== null) return seen;
        if (performance.now() > deadline) throw new Error(`waited ${withinMs / 1000} s in vain: ${what}`);
        await Bun.sleep(POLL_MS);
      }
    },
  };
}

function messageIn(text: string): string {
  try {
    return status.parse(JSON.parse(text)).message;
  } catch {
    return text.slice(0, 500);
  }
}
