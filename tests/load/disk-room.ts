/** Whether a disk has room for stored orders: asked before hours are spent on filling it. */
import { statfs } from "node:fs/promises";
import { UsageError } from "../../runtime/cli/arguments.ts";
import type { OrderTemplate } from "./order-template.ts";

/**
 * Of the database over the rows as text: 1.62 once it is there (row headers, room for updates, indexes), and what sorting
 * for the indexes takes meanwhile.
 */
const BYTES_A_TEXT_BYTE = 1.7;
/** WAL, and what is measured afterwards. */
const BESIDES_BYTES = 2e9;

/** What a server's directory needs for so many orders, roughly and rather too much. */
export function bytesFor(orders: number, { tables }: Pick<OrderTemplate, "tables">): number {
  const text = tables.flatMap(({ lines }) => lines).reduce((sum, line) => sum + line.length + 1, 0);
  return BESIDES_BYTES + orders * text * BYTES_A_TEXT_BYTE;
}

/** Refuses what would not fit into the directory. Gives both sizes in one line. */
export async function requireRoom(directory: string, orders: number, neededBytes: number): Promise<string> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  const sizes = `${orders} orders take some ${gigabytes(neededBytes)}, and ${directory} has ${gigabytes(freeBytes)} free`;
  if (neededBytes > freeBytes)
    throw new UsageError(`${sizes}: give fewer with --orders N, or set TMPDIR to a directory on a larger disk`);
  return sizes;
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
