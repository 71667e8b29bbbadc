/** Bugs in the rules of inventory, delivery and notification. */
import type { PlantedBug } from "./planted-bug.ts";

export const INVENTORY_BUGS: readonly PlantedBug[] = [
  {
    name: "short-lines-reserved",
    breaks: "A line of which there is too little is reserved as far as it goes.",
    against: "stock",
    file: "modules/inventory/reservation.ts",
    find: "return !stock || takeable(stock) < quantity ? [sku] : [];",
    replace: "return !stock || takeable(stock) < 0 * quantity ? [sku] : [];",
  },
  {
    name: "reserved-counts-as-free",
    breaks: "What others have reserved may be taken again.",
    against: "stock",
    file: "modules/inventory/stock.ts",
    find: "=> stock.onHand - stock.reserved;",
    replace: "=> stock.onHand;",
  },
  {
    name: "lines-of-one-sku-apart",
    breaks: "Of two lines with the same SKU only the last one is reserved.",
    against: "stock",
    file: "modules/inventory/reservation.ts",
    find: "(wanted.get(sku) ?? 0) + quantity",
    replace: "quantity",
  },
  {
    name: "one-movement-for-all",
    breaks: "The ledger leaves out the movements of a reservation.",
    against: "stock",
    file: "modules/inventory/reservation.ts",
    find: "return { shared, entries, sharedMessages };",
    replace: "return { shared, entries: entries.slice(1), sharedMessages };",
  },
  {
    name: "no-stock-back",
    breaks: "A released reservation gives nothing back.",
    against: "stock",
    file: "modules/inventory/reservation.ts",
    find: '...move(reservation.orderId, reservation.allocations, "RELEASE", context),',
    replace: "",
  },
];

export const DELIVERY_BUGS: readonly PlantedBug[] = [
  {
    name: "parcel-without-contents",
    breaks: "A shipment is made without its lines.",
    against: "once",
    file: "modules/delivery/shipment.ts",
    find: "    address,\n    lines,\n    dispatchAskedAt",
    replace: "    address,\n    lines: lines.slice(1),\n    dispatchAskedAt",
  },
  {
    name: "shipment-not-told",
    breaks: "A shipment is scheduled, and the order does not hear of it.",
    against: "every order ends",
    file: "modules/delivery/shipment.ts",
    find: "return decided(carrier, shipment, { state: scheduled, messages }, now);",
    replace: "return decided(carrier, shipment, { state: scheduled, messages: messages.slice(1) }, now);",
  },
  {
    name: "cancelled-after-it-left",
    breaks: "A parcel that has left can be cancelled.",
    against: "once",
    file: "modules/delivery/shipment.ts",
    find: 'if (!mayBecome(shipment, "CANCELLED")) return { messages: [message(deliveryEvents.ShipmentCancelRefused, {})] };\n',
    replace: 'if (!mayBecome(shipment, "CANCELLED")) return { messages: granted() };\n',
  },
  {
    name: "never-comes-back",
    breaks: "A parcel that could not be delivered stays with the carrier.",
    against: "every order ends",
    file: "modules/delivery/shipment.ts",
    find: 'state: final ? withStatus(failed, "RETURNING", now) : failed,',
    replace: "state: failed,",
  },
];

export const NOTIFICATION_BUGS: readonly PlantedBug[] = [
  {
    name: "unknown-mail-counts-as-sent",
    breaks: "A mail of which nobody knows whether it was taken is not sent again.",
    against: "once",
    file: "modules/notification/order-notices.ts",
    find: 'if (outcome.kind === "answered") return',
    replace: 'if (outcome.kind !== "unavailable") return',
  },
  {
    name: "mail-given-up",
    breaks: "A mail that the server did not take at once is given up.",
    against: "once",
    file: "modules/notification/sending.ts",
    find: "if (dueMs !== undefined && isSent(channel))",
    replace: "if (dueMs === now && isSent(channel))",
  },
  {
    name: "mail-not-sent-again",
    breaks: "The pause before a mail is sent again never ends.",
    against: "once",
    file: "modules/notification/sending.ts",
    find: ", setTimers: [dueAt(dueMs, again, channel)] };",
    replace: " };",
  },
];
