/** The planted bugs that the simulation must catch: each breaks one promise of the platform in one place. */
import { ACTIVITY_BUGS } from "./planted-bugs/activity.ts";
import { KAFKA_BUGS } from "./planted-bugs/kafka.ts";
import { LETTER_BUGS } from "./planted-bugs/letters.ts";
import { MESSAGE_BUGS } from "./planted-bugs/messages.ts";
import { DELIVERY_BUGS, INVENTORY_BUGS, NOTIFICATION_BUGS } from "./planted-bugs/modules.ts";
import { ORDER_BUGS } from "./planted-bugs/order.ts";
import { PAYMENT_BUGS } from "./planted-bugs/payment.ts";
import type { PlantedBug } from "./planted-bugs/planted-bug.ts";
import { PRICING_BUGS } from "./planted-bugs/pricing.ts";
import { REPLICA_BUGS } from "./planted-bugs/replicas.ts";
import { REQUEST_BUGS } from "./planted-bugs/requests.ts";

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...MESSAGE_BUGS,
  ...REQUEST_BUGS,
  ...REPLICA_BUGS,
  ...ACTIVITY_BUGS,
  ...LETTER_BUGS,
  ...KAFKA_BUGS,
  ...ORDER_BUGS,
  ...PAYMENT_BUGS,
  ...PRICING_BUGS,
  ...INVENTORY_BUGS,
  ...DELIVERY_BUGS,
  ...NOTIFICATION_BUGS,
];
