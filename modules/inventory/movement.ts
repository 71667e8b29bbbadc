/** The ledger: every change of a figure has its movement, and summed up they give the stock. */
import type { Entry } from "../../runtime/messages/decision.ts";
import type { StockFigures } from "./stock.ts";

/** INITIAL and ADJUST bring units or take them; the others are an order's. */
export const movementTypes = ["INITIAL", "ADJUST", "RESERVE", "RELEASE", "SHIP", "RETURN"] as const;
export type MovementType = (typeof movementTypes)[number];

export interface Movement {
  readonly id: string;
  readonly sku: string;
  readonly warehouse: string;
  readonly type: MovementType;
  readonly onHandDelta: number;
  readonly reservedDelta: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly orderId: string | null;
  readonly reason: string | null;
}

/** What one unit of an order changes, by the type of its movement. */
export const unitChanges = {
  RESERVE: { onHand: 0, reserved: 1 },
  RELEASE: { onHand: 0, reserved: -1 },
  SHIP: { onHand: -1, reserved: -1 },
  RETURN: { onHand: 1, reserved: 0 },
} as const satisfies Partial<Record<MovementType, StockFigures>>;

/** The movement as a decision adds it. */
export const movementEntry = (row: Movement): Entry => ({ table: "movement", row: { ...row } });
