/** Rate, errors and duration of all that a module's lane does, by handler and by how it ended. */
import { handlerDuration } from "../telemetry/metrics/catalogue.ts";
import { OTHER } from "../telemetry/metrics/label-bounds.ts";
import type { Metrics } from "../telemetry/metrics/metrics.ts";
import type { HistogramSeries } from "../telemetry/metrics/series.ts";
import type { BatchRun } from "./batch.ts";
import { callSource } from "./batch-plan.ts";
import type { Item } from "./item.ts";
import type { Messaging } from "./messaging.ts";

export interface WorkMeasure<State, Shared> {
  /** It has come to the lane; if it has to wait there, its time counts from the first time. */
  arrived(item: Item<State, Shared>): void;
  /** A batch is committed. */
  committed(run: BatchRun<State, Shared>): void;
  /** What the database refused is parked, or answered with its error. */
  rejected(item: Item<State, Shared>): void;
}

type Outcome = "handled" | "parked" | "failed";
type Series = (outcome: Outcome) => HistogramSeries;

const OUTCOMES: readonly Outcome[] = ["handled", "parked", "failed"];
const KINDS = ["message", "timer", "command", "call"] as const;
/** Only routes know the commands that they give. */
const MOST_COMMANDS = 50;

/** Measures the work of one module. */
export function createWorkMeasure<State, Shared, Ports>(
  messaging: Pick<Messaging<State, Shared, Ports>, "module" | "subscribes" | "handlers" | "timers" | "calls">,
  metrics: Metrics,
): WorkMeasure<State, Shared> {
  const { module } = messaging;
  const owners = new Map(messaging.subscribes.map((topic) => [topic.name, topic.module]));
  const nameOf = (topic: string, type: string) => `${owners.get(topic) ?? topic}.${type}`;
  const kinds = [...messaging.timers, ...messaging.calls].map(({ kind }) => kind);
  const handlers = [...messaging.handlers.map(({ topic, type }) => nameOf(topic, type)), ...kinds];
  const bounds = { module: [module], kind: KINDS, outcome: OUTCOMES };
  const instrument = metrics.histogram(handlerDuration, { ...bounds, handler: handlers });
  metrics.histogram(handlerDuration, { ...bounds, handler: { atMost: MOST_COMMANDS } });

  const seriesOf = (kind: (typeof KINDS)[number], handler: string): Series => {
    const made: Partial<Record<Outcome, HistogramSeries>> = {};
    return (outcome) => (made[outcome] ??= instrument.series({ module, kind, handler, outcome }));
  };
  const byKind = (kind: "timer" | "call", known: readonly { readonly kind: string }[]) =>
    new Map(known.map((each) => [each.kind, seriesOf(kind, each.kind)]));
  const timers = byKind("timer", messaging.timers);
  const calls = byKind("call", messaging.calls);
  const commands = new Map<string, Series>();
  const unknown = {
    message: seriesOf("message", OTHER),
    timer: seriesOf("timer", OTHER),
    command: seriesOf("command", OTHER),
    call: seriesOf("call", OTHER),
  };
  const messages = new Map<string, Map<string, Series>>();
  for (const { topic, type } of messaging.handlers) {
    const types = messages.get(topic) ?? new Map<string, Series>();
    messages.set(topic, types.set(type, seriesOf("message", nameOf(topic, type))));
  }

  function commandSeries(name: string): Series {
    let series = commands.get(name);
    if (series !== undefined) return series;
    if (commands.size >= MOST_COMMANDS) return unknown.command;
    series = seriesOf("command", name);
    commands.set(name, series);
    return series;
  }

  function handlerSeries(item: Item<State, Shared>): Series {
    switch (item.kind) {
      case "message":
        return messages.get(item.envelope.topic)?.get(item.envelope.type) ?? unknown.message;
      case "timer":
        return timers.get(item.timer.kind) ?? unknown.timer;
      case "outcome":
        return calls.get(item.intent.kind) ?? unknown.call;
      case "command":
        return commandSeries(item.name);
    }
  }

  function record(item: Item<State, Shared>, outcome: Outcome, nowSeconds: number) {
    // A letter that is only taken away is not handled.
    if (item.kind === "message" && item.letter !== undefined && item.letter.kind !== "release") return;
    handlerSeries(item)(outcome).record(nowSeconds - (item.arrivedSeconds ?? nowSeconds));
  }

  return {
    arrived(item) {
      item.arrivedSeconds ??= metrics.seconds();
    },
    committed({ items, plan, early }) {
      const nowSeconds = metrics.seconds();
      if (plan.failed.length + plan.deadLetters.length + early.length === 0) {
        for (const item of items) record(item, "handled", nowSeconds);
        return;
      }
      const waits: ReadonlySet<Item<State, Shared>> = new Set(early);
      const failed: ReadonlySet<Item<State, Shared>> = new Set(plan.failed.map(({ item }) => item));
      const parked = new Set(plan.deadLetters.map(({ key, source, sequence }) => `${key} ${source} ${sequence}`));
      const outcomeOf = (item: Item<State, Shared>): Outcome => {
        if (failed.has(item)) return "failed";
        return parked.has(letterName(item)) ? "parked" : "handled";
      };
      for (const item of items) if (!waits.has(item)) record(item, outcomeOf(item), nowSeconds);
    },
    rejected(item) {
      record(item, item.kind === "command" ? "failed" : "parked", metrics.seconds());
    },
  };
}

/** The name that its dead letter would have. */
function letterName<State, Shared>(item: Item<State, Shared>): string {
  switch (item.kind) {
    case "message":
      return `${item.key} ${item.envelope.topic} ${item.envelope.sequence}`;
    case "timer":
      return `${item.key} timer:${item.timer.kind} 0`;
    case "outcome":
      return `${item.key} ${callSource(item.intent)} 0`;
    case "command":
      return "";
  }
}
