/**
 * What customers and operators do before the crash: of every way an order can go, some before and some after each copy.
 * Of one product there are too few units, so that it matters who came first.
 */
import { basket, type Client, type Order } from "../journeys/client.ts";
import { product, write } from "../journeys/pricing-requests.ts";

export const SCARCE = "SKU-SCARCE";
const SCARCE_UNITS = 7;
const ENDED_WITHIN_MS = 60_000;

export interface Traffic {
  readonly customer: Client;
  readonly operator: Client;
  /** Orders of the wave before, to go on with. */
  readonly earlier: readonly string[];
}

/** Puts the scarce product into the catalogue and on the shelf. */
export async function stockScarce(operator: Client): Promise<void> {
  expectStatus(await write(operator, "PUT", `products/${SCARCE}`, product()), [200, 201]);
  await retried(() => adjust(operator, SCARCE_UNITS));
}

/** Units of the scarce product that come without an order: no message tells another module. */
export async function adjust(operator: Client, delta: number): Promise<void> {
  expectStatus(await operator.ask(`inventory/${SCARCE}/adjustments`, { delta, reason: "counted" }), [201]);
}

/** One wave; gives the orders that the next one goes on with. */
export async function placeWave({ customer, operator, earlier }: Traffic): Promise<readonly string[]> {
  const scarce = { items: [{ sku: SCARCE, quantity: 1 }] };
  const baskets = [
    {},
    {},
    {},
    { couponCode: "WELCOME10" },
    { paymentMethod: { token: "tok_declined" } },
    { paymentMethod: { token: "tok_timeout_charged" } },
    ...Array.from({ length: 4 }, () => scarce),
  ];
  const placed = await Promise.all(baskets.map((change) => customer.place(basket(change))));
  const [shipped, cancelled, returned] = earlier;
  if (shipped !== undefined) await ship(customer, operator, shipped);
  if (cancelled !== undefined) expectStatus(await customer.ask(`orders/${cancelled}/cancel`), [200, 202]);
  if (returned !== undefined) {
    await ship(customer, operator, returned);
    expectStatus(await customer.ask(`orders/${returned}/returns`, { reason: "too small" }), [200, 202]);
  }
  const ended = await Promise.all(placed.map(({ id }) => untilEnded(customer, id)));
  return ended.filter(({ status }) => status === "FULFILLING").map(({ id }) => id);
}

const ENDED: readonly string[] = ["FULFILLING", "REJECTED"];

async function untilEnded(customer: Client, id: string): Promise<Order> {
  const deadline = Date.now() + ENDED_WITHIN_MS;
  for (;;) {
    const present = await customer.order(id);
    if (ENDED.includes(present.status)) return present;
    if (Date.now() > deadline) throw new Error(`order ${id} is still ${present.status}`);
    await Bun.sleep(50);
  }
}

async function ship(customer: Client, operator: Client, id: string): Promise<void> {
  const [delivery] = await customer.deliveries(id);
  if (delivery === undefined) throw new Error(`order ${id} has no delivery`);
  for (const step of ["dispatch", "deliver"])
    expectStatus(await operator.ask(`deliveries/${delivery.id}/${step}`), [200, 202]);
  await customer.until(id, "DELIVERED", ENDED_WITHIN_MS);
}

function expectStatus({ status, text }: { readonly status: number; readonly text: string }, good: readonly number[]) {
  if (!good.includes(status)) throw new Error(`${status} ${text}`);
}

async function retried(act: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      // A new product is not known to every module at once.
      if (attempt === 20) throw error;
      await Bun.sleep(250);
    }
  }
}
