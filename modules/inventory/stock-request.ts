/** What operators ask of the stock, between its routes and its commands. What is not legal is a 409, unknown a 404. */
import type { Database } from "../../runtime/database/port.ts";
import { type CommandRequestDeps, requestCommand, unavailable } from "../../runtime/http/command-request.ts";
import { ProblemError, problem, refusal } from "../../runtime/http/problem.ts";
import type { IdempotencyClaim } from "../../runtime/http/route.ts";
import type { Ids } from "../../runtime/ids.ts";
import { audited, type OperatorAction } from "../../runtime/messages/audit.ts";
import { type Adjustment, adjustStock } from "./adjustment.ts";
import type { Movement } from "./movement.ts";
import { type NewPolicy, setPolicy } from "./policy.ts";
import type { Reservation } from "./reservation.ts";
import { DEFAULT_WAREHOUSE, type SkuStock, type StockPolicy } from "./stock.ts";
import { movementsOf, openSku, openWarehouse, readMovement, readMovements, readStock, stockOf } from "./store.ts";

export interface StockDeps extends CommandRequestDeps<Reservation, SkuStock> {
  readonly database: Database;
  readonly ids: Ids;
  /** Whether `pricing` has such a product. Rejects with `RpcUnavailable` when nobody says. */
  readonly isProduct: (sku: string) => Promise<boolean>;
}

interface Asked {
  readonly claim: IdempotencyClaim | null;
  readonly traceparent: string | null;
  readonly operator: OperatorAction | null;
}

export const ADJUSTED = 201;

/** The stock as committed, or a 404. */
export async function presentStock({ database }: Pick<StockDeps, "database">, sku: string): Promise<SkuStock> {
  const stock = stockOf(await database.query(readStock(sku)));
  if (stock) return stock;
  throw unknownSku(sku);
}

const unknownSku = (sku: string) =>
  new ProblemError(problem("not-found", `There is no stock of ${sku}. See /api/v1/pricing/products.`));

/** The movement of the adjustment, made now or by an earlier request under the same key. Throws a `ProblemError`. */
export async function requestAdjustment(
  deps: StockDeps,
  adjustment: Adjustment,
  { claim, traceparent, operator }: Asked,
): Promise<Movement> {
  const { sku } = adjustment;
  await openFor(deps, adjustment, claim);
  const id = deps.ids.next();
  const result = await requestCommand(deps, {
    command: adjustStock,
    key: id,
    input: adjustment,
    claim,
    status: ADJUSTED,
    reference: id,
    traceparent,
    operator,
    auditKey: sku,
    isRefused: ({ kind }) => kind !== "adjusted",
  });
  if (result.kind === "replayed") return movementOfClaim(deps, claim);
  switch (result.answer.kind) {
    case "adjusted":
      return result.answer.movement;
    case "unknown":
      throw unknownSku(sku);
    case "refused":
      throw new ProblemError(refusal(409, "stock-limit", "The stock does not allow this", result.answer.why));
  }
}

/**
 * Units may come into a warehouse that had none of the SKU so far, and be the first ones of a product that is new. A
 * repeated request has opened it already. The audit log tells of the adjustment alone: what is opened is empty, and
 * whether anything comes in is decided after this.
 */
async function openFor(deps: StockDeps, { sku, warehouse, delta }: Adjustment, claim: IdempotencyClaim | null) {
  const stock = stockOf(await deps.database.query(readStock(sku)));
  if (stock === undefined) {
    if (delta < 0 || !(await deps.isProduct(sku).catch(unavailable))) throw unknownSku(sku);
    const opened = await deps.database.query(openSku(sku, warehouse, null));
    // While `pricing` was asked, somebody else may have opened another warehouse.
    if (opened.length === 0) await deps.database.query(openWarehouse(sku, warehouse));
    return;
  }
  if (delta < 0 || stock.warehouses.some((each) => each.warehouse === warehouse)) return;
  if (claim !== null && (await deps.earlier(claim)) !== undefined) return;
  await deps.database.query(openWarehouse(sku, warehouse));
}

async function movementOfClaim({ earlier, database }: StockDeps, claim: IdempotencyClaim | null): Promise<Movement> {
  const before = claim === null ? undefined : await earlier(claim);
  const [movement] =
    before?.kind === "replayed" ? movementsOf(await database.query(readMovement(before.reference))) : [];
  if (!movement) throw new Error("the movement of an adjustment that was made is gone");
  return movement;
}

/** Sets how a SKU is sold; `opened`: it was not known, and has no unit yet. Throws a `ProblemError`. */
export async function requestPolicy(
  deps: StockDeps,
  policy: NewPolicy,
  { traceparent, operator }: Pick<Asked, "traceparent" | "operator">,
): Promise<{ readonly policy: StockPolicy; readonly opened: boolean }> {
  if (await openWith(deps, policy, operator)) return { policy, opened: true };
  const result = await requestCommand(deps, {
    command: setPolicy,
    key: deps.ids.next(),
    input: policy,
    claim: null,
    status: 200,
    reference: policy.sku,
    traceparent,
    operator,
    auditKey: policy.sku,
    isRefused: ({ kind }) => kind !== "set",
  });
  if (result.kind === "replayed") throw new Error("a policy is set without a key, so no request repeats one");
  switch (result.answer.kind) {
    case "set":
      return { policy: result.answer.stock, opened: false };
    case "unknown":
      throw unknownSku(policy.sku);
    case "refused":
      throw new ProblemError(refusal(409, "stock-limit", "The stock does not allow this", result.answer.why));
  }
}

/** Opens the stock of a product that has had none; false where it is open. A mistyped SKU would be one for good: 404. */
async function openWith(deps: StockDeps, policy: NewPolicy, operator: OperatorAction | null): Promise<boolean> {
  const { sku } = policy;
  if (stockOf(await deps.database.query(readStock(sku))) !== undefined) return false;
  if (!(await deps.isProduct(sku).catch(unavailable))) throw unknownSku(sku);
  const effect = { key: sku, atMs: deps.clock.now() };
  const opened = await deps.database.query(audited(openSku(sku, DEFAULT_WAREHOUSE, policy), operator, effect));
  return opened.length > 0;
}

/** A SKU's movements, the oldest first; 404 where there is no such SKU. */
export async function presentMovements(deps: StockDeps, sku: string, afterId: string | null, limit: number) {
  await presentStock(deps, sku);
  return movementsOf(await deps.database.query(readMovements(sku, afterId, limit)));
}
