/** An order as all modules together see it, and how many of them are read side by side. */
import type { z } from "zod";
import { deliveryFacts } from "../../../modules/delivery/contract.ts";
import { inventoryFacts } from "../../../modules/inventory/contract.ts";
import { notificationFacts } from "../../../modules/notification/contract.ts";
import { orderFacts } from "../../../modules/order/contract.ts";
import { paymentFacts } from "../../../modules/payment/contract.ts";
import { couponFacts } from "../../../modules/pricing/contract.ts";
import type { CoreFacts, FactsRequest } from "../../messages/facts-contract.ts";
import type { RpcClient } from "../../rpc/port.ts";

const METHODS = {
  order: orderFacts,
  payment: paymentFacts,
  inventory: inventoryFacts,
  pricing: couponFacts,
  delivery: deliveryFacts,
  notification: notificationFacts,
};

export type ModuleName = keyof typeof METHODS;
export const MODULE_NAMES = ["order", "payment", "inventory", "pricing", "delivery", "notification"] as const;

type Item<Name extends ModuleName> = z.infer<(typeof METHODS)[Name]["response"]>["items"][number];

/** What each module holds of one order; absent where it knows nothing of it. */
export type OrderView = { readonly key: string } & { readonly [Name in ModuleName]?: Item<Name> };

/** By module: the topics that it listens to, and those of them that hold what has left its outbox and is not settled. */
export type Subscriptions = Readonly<
  Record<ModuleName, { readonly topics: readonly string[]; readonly travelling: readonly string[] }>
>;

/** What the message core holds of the order, module by module. */
export const partsOf = (view: OrderView): readonly (readonly [ModuleName, CoreFacts])[] =>
  MODULE_NAMES.flatMap((name) => {
    const part: CoreFacts | undefined = view[name];
    return part === undefined ? [] : [[name, part] as const];
  });

export interface Window {
  readonly views: readonly OrderView[];
  readonly subscriptions: Subscriptions;
  /** Where the next window begins; null: this was the last one. */
  readonly next: string | null;
}

const PAGE = 200;
const TIMEOUT_MS = 15_000;

/** The orders after `after`, in key order: as far as every module's page reaches. Rejects with `RpcUnavailable`. */
export async function readWindow(rpc: RpcClient, after: string | null): Promise<Window> {
  const pages = await ask(rpc, { after, keys: null, limit: PAGE });
  const ends = Object.values(pages).flatMap(({ items, complete }) => (complete ? [] : [items.at(-1)?.key ?? ""]));
  const [bound = null] = ends.sort();
  return { ...joined(pages, bound), next: bound };
}

/** These orders once more. */
export async function readAgain(rpc: RpcClient, keys: readonly string[]): Promise<Omit<Window, "next">> {
  return joined(await ask(rpc, { after: null, keys: [...keys], limit: PAGE }), null);
}

async function ask(rpc: RpcClient, request: FactsRequest) {
  const options = { timeoutMs: TIMEOUT_MS };
  const [order, payment, inventory, pricing, delivery, notification] = await Promise.all([
    rpc.call(METHODS.order, request, options),
    rpc.call(METHODS.payment, request, options),
    rpc.call(METHODS.inventory, request, options),
    rpc.call(METHODS.pricing, request, options),
    rpc.call(METHODS.delivery, request, options),
    rpc.call(METHODS.notification, request, options),
  ]);
  return { order, payment, inventory, pricing, delivery, notification };
}

type Pages = Awaited<ReturnType<typeof ask>>;

function joined(pages: Pages, bound: string | null): Omit<Window, "next"> {
  const byKey = new Map<string, Record<string, unknown>>();
  for (const name of MODULE_NAMES)
    for (const item of pages[name].items) {
      if ((bound !== null && item.key > bound) || isNothing(item)) continue;
      const view = byKey.get(item.key);
      if (view) view[name] = item;
      else byKey.set(item.key, { key: item.key, [name]: item });
    }
  const keys = [...byKey.keys()].sort();
  return {
    // Put together above, from each module's own page.
    views: keys.map((key) => byKey.get(key) as OrderView),
    subscriptions: {
      order: heard(pages.order),
      payment: heard(pages.payment),
      inventory: heard(pages.inventory),
      pricing: heard(pages.pricing),
      delivery: heard(pages.delivery),
      notification: heard(pages.notification),
    },
  };
}

/** Asked for by its key, a module answers also of what it does not know. */
const isNothing = ({ version, in: marks, outbox, timers, calls, letters }: CoreFacts) =>
  version === 0 && Object.keys(marks).length + outbox.length + timers.length + calls.length + letters.length === 0;

const heard = ({ subscribes, travelling }: Pages[ModuleName]) => ({ topics: subscribes, travelling });
