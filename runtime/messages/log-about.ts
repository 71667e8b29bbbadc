/** Whom lines of a module are about, said the same way by all of them, so that an order is found in all modules. */
import type { LogFields } from "../log.ts";
import { aboutTrace } from "../telemetry/logs/about-trace.ts";
import type { AggregateStore } from "./aggregate.ts";
import { type Item, itemTraceparent } from "./item.ts";

type Identifying = Pick<AggregateStore<never>, "identifies">;

/** A key of the module's aggregates, also under the name of what it is an id of. */
export const aboutKey = ({ identifies }: Identifying, key: string): LogFields => ({ [identifies]: key, key });

/** What was to be handled, and its trace. */
export function aboutItem<State, Shared>(aggregate: Identifying, item: Item<State, Shared>): LogFields {
  // A command on shared rows alone has an aggregate's key in name only.
  const isAggregates = item.kind !== "command" || !item.sharedOnly;
  return {
    item: item.kind,
    ...(isAggregates ? aboutKey(aggregate, item.key) : { key: item.key }),
    ...aboutTrace(itemTraceparent(item)),
  };
}
