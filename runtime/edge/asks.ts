/** What the edge asks of the modules, beside their dead letters: for reconcile, and what is stuck. */
import { deliveryFacts } from "../../modules/delivery/contract.ts";
import { inventoryFacts, stockFacts } from "../../modules/inventory/contract.ts";
import { notificationFacts } from "../../modules/notification/contract.ts";
import { lostOrders, orderFacts, stuckOrders } from "../../modules/order/contract.ts";
import { paymentFacts } from "../../modules/payment/contract.ts";
import { couponFacts, couponUseFacts } from "../../modules/pricing/contract.ts";
import type { RpcMethodName } from "../rpc/port.ts";

export const edgeAsks: readonly RpcMethodName[] = [
  orderFacts,
  lostOrders,
  stuckOrders,
  paymentFacts,
  couponFacts,
  couponUseFacts,
  inventoryFacts,
  stockFacts,
  deliveryFacts,
  notificationFacts,
];
