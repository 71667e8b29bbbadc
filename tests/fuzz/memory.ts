/** What a walker has seen in answers and may use in later requests: ids, cursors, ETags, its own requests. */
import * as z from "zod";
import type { Draft } from "./draft.ts";

export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly content: unknown;
}

export interface Memory {
  /** By collection: `orders`, `payments`, `deliveries`, `promotions`, … All of them its own customer's, where they are somebody's. */
  readonly ids: Map<string, string[]>;
  readonly skus: string[];
  readonly coupons: string[];
  /** By operation. */
  readonly cursors: Map<string, string[]>;
  /** By path with its parameters. */
  readonly etags: Map<string, string>;
  readonly quotes: { readonly id: string; readonly body: string }[];
  /** Its customer's orders. */
  readonly placed: string[];
  /** Every order that the platform has acknowledged to it. */
  readonly acknowledged: Set<string>;
  /** Keeps what an answer tells. */
  learn(draft: Draft, path: string, answer: Seen): void;
}

/** Enough to choose from; what is older has had its turns. */
const MOST_KEPT = 60;

const identified = z.looseObject({ id: z.string() });
const listed = z.looseObject({ items: z.array(z.unknown()), nextCursor: z.string().nullable() });
const coupon = z.looseObject({ code: z.string() });
const product = z.looseObject({ sku: z.string() });

/** A memory with what every platform with demo data has. */
export function createMemory(): Memory {
  const memory: Memory = {
    ids: new Map(),
    cursors: new Map(),
    etags: new Map(),
    skus: Array.from({ length: 20 }, (_, index) => `SKU-${String(index + 1).padStart(3, "0")}`),
    coupons: ["WELCOME10", "SHIPFREE"],
    quotes: [],
    placed: [],
    acknowledged: new Set(),
    learn(draft, path, answer) {
      if (answer.status >= 300) return;
      const { operation, caller } = draft;
      const id = identified.safeParse(answer.content).data?.id;
      if (operation === "POST /api/v1/orders" && id !== undefined) {
        memory.acknowledged.add(id);
        if (caller !== "stranger") add(memory.placed, id);
      }
      // Nothing of a stranger's is used again, so that it is known what a stranger must not see.
      if (caller === "stranger") return;
      const etag = answer.headers.get("etag");
      if (etag !== null) memory.etags.set(path, etag);
      learnMade(memory, draft, answer.content);
      // What an operator lists may be other customers'.
      if (caller === "operator" && operation === "GET /api/v1/orders") return;
      learnListed(memory, operation, answer.content);
    },
  };
  return memory;
}

function learnMade(memory: Memory, { operation, body }: Draft, content: unknown): void {
  if (operation === "POST /api/v1/pricing/quotes" && body !== undefined) {
    const quote = identified.safeParse(content).data;
    if (quote !== undefined) memory.quotes.push({ id: quote.id, body });
  }
  if (operation === "POST /api/v1/pricing/coupons") add(memory.coupons, coupon.safeParse(content).data?.code);
  if (operation === "PUT /api/v1/pricing/products/{sku}") add(memory.skus, product.safeParse(content).data?.sku);
}

function learnListed({ ids, cursors }: Memory, operation: string, content: unknown): void {
  const list = listed.safeParse(content).data;
  if (list?.nextCursor) keep(cursors, operation, list.nextCursor);
  for (const item of list?.items ?? [content]) {
    const id = identified.safeParse(item).data?.id;
    if (id !== undefined) keep(ids, collectionOf(operation), id);
  }
}

/** `orders` of `GET /api/v1/orders/{id}/history`; `deadletters` of an operation below `/ops`. */
export function collectionOf(operation: string): string {
  const [, , , first = "", second = ""] = operation.slice(operation.indexOf(" ") + 1).split("/");
  return first === "ops" || first === "pricing" ? second : first;
}

function keep(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key) ?? [];
  if (!list.includes(value)) map.set(key, [...list, value].slice(-MOST_KEPT));
}

function add(list: string[], value: string | undefined): void {
  if (value !== undefined && !list.includes(value)) list.push(value);
}
