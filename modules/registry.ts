import type { Module } from "../runtime/module.ts";
import { delivery } from "./delivery/index.ts";
import { inventory } from "./inventory/index.ts";
import { notification } from "./notification/index.ts";
import { order } from "./order/index.ts";
import { payment } from "./payment/index.ts";
import { pricing } from "./pricing/index.ts";

/** Every module of the platform. Adding one is its folder and its line here. */
export const registry: readonly Module[] = [order, payment, inventory, pricing, delivery, notification];
