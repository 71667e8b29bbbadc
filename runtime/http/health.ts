import * as z from "zod";
import { problemReply } from "./reply.ts";
import { type Route, route } from "./route.ts";

/** Why a process is not ready to serve: one reason for each part that is not. */
export interface Health {
  /** A part that must be up before the process is ready; not up yet. */
  expect(part: string): void;
  up(part: string): void;
  down(part: string, reason: string): void;
  /** It does not work as it should, and the process serves all the same. */
  impaired(part: string, reason: string): void;
  /** From now on not ready, whatever the parts say: the balancer sends no more. */
  drain(): void;
  readonly draining: boolean;
  reasons(): readonly { readonly field: string; readonly message: string }[];
  /** Every part that was told of, as it is now. */
  parts(): readonly HealthPart[];
}

export const PART_STATES = ["up", "impaired", "down"] as const;

export interface HealthPart {
  readonly name: string;
  readonly state: (typeof PART_STATES)[number];
  /** Why it is not up. */
  readonly problem?: string;
}

/** Health of one process. */
export function createHealth(): Health {
  const parts = new Map<string, Omit<HealthPart, "name">>();
  let draining = false;
  const told = (): readonly HealthPart[] => [
    ...(draining ? [{ name: "process", state: "down", problem: "is shutting down" } as const] : []),
    ...[...parts].map(([name, part]) => ({ name, ...part })),
  ];
  return {
    expect: (part) => void parts.set(part, { state: "down", problem: "is starting" }),
    up: (part) => void parts.set(part, { state: "up" }),
    down: (part, reason) => void parts.set(part, { state: "down", problem: reason }),
    impaired: (part, reason) => void parts.set(part, { state: "impaired", problem: reason }),
    drain() {
      draining = true;
    },
    get draining() {
      return draining;
    },
    reasons: () =>
      told().flatMap(({ name, state, problem = "" }) => (state === "down" ? [{ field: name, message: problem }] : [])),
    parts: told,
  };
}

/** `/health/live` and `/health/ready`, for both ports. */
export function healthRoutes(health: Health): Route[] {
  const status = (value: string) => z.strictObject({ status: z.literal(value) });
  return [
    route({
      method: "GET",
      path: "/health/live",
      rights: { callers: "anyone", object: "shared" },
      rateLimit: "none",
      tag: "health",
      summary: "Whether the process runs",
      responses: { 200: { description: "It runs.", schema: status("live"), example: { status: "live" } } },
      handle: async () => ({ status: 200, json: '{"status":"live"}' }),
    }),
    route({
      method: "GET",
      path: "/health/ready",
      rights: { callers: "anyone", object: "shared" },
      rateLimit: "none",
      tag: "health",
      summary: "Whether the process takes requests",
      responses: {
        200: { description: "It takes requests.", schema: status("ready"), example: { status: "ready" } },
        503: { description: "It does not; `errors` names each part that is not ready." },
      },
      handle: async () => {
        const reasons = health.reasons();
        if (reasons.length === 0) return { status: 200, json: '{"status":"ready"}' };
        const detail = `${reasons.map(({ field, message }) => `${field} ${message}`).join("; ")}.`;
        return problemReply(
          { type: "/problems/not-ready", title: "The process is not ready", status: 503, detail, errors: reasons },
          { "retry-after": "1" },
        );
      },
    }),
  ];
}
