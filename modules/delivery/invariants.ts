/** What no decision on a shipment may break, whoever asks or reports. */
import { invariant } from "../../runtime/invariant.ts";
import type { DecisionInvariants } from "../../runtime/messages/decision.ts";
import { awaitsHandOver, type Shipment } from "./shipment.ts";
import { shipmentTransitions } from "./status.ts";

/** The history only grows, by legal changes, up to the status; only a parcel that is to leave has steps for afterwards. */
export const shipmentInvariants: DecisionInvariants<Shipment> = (before, { state }) => {
  if (state === undefined) return;
  const { orderId, status, history, stepsAfterHandOver } = state;
  invariant(
    stepsAfterHandOver.length === 0 || awaitsHandOver(state),
    () => `the shipment of ${orderId} is ${status} and has steps for after its hand-over`,
  );
  if (before === undefined) return;
  invariant(
    before.history.every((entry, index) => history[index] === entry),
    () => `the history of the shipment of ${orderId} forgets what was in it`,
  );
  let from = before.status;
  for (const { status: to } of history.slice(before.history.length)) {
    invariant(
      shipmentTransitions[from].includes(to),
      () => `the shipment of ${orderId} cannot go from ${from} to ${to}`,
    );
    from = to;
  }
  invariant(from === status, () => `the shipment of ${orderId} is ${status}, and its history ends with ${from}`);
};
