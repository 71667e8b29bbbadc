/**
 * Pictures of the saga for docs/how-an-order-flows.md and the README, drawn from its own data and the registry: they
 * cannot tell of another one.
 */
import { deadlineSettings } from "../../runtime/config/deadline-settings.ts";
import type { ModuleFacts } from "../../runtime/module.ts";
import { type Order, type Stage, statusOf, transitions } from "./order.ts";
import { saga } from "./saga.ts";
import type { Deadline, Move, Send, Step } from "./step.ts";
import { type WayRow, wayPicture } from "./way-picture.ts";

/** Something of everything that decides what is sent. */
const sample: Order = {
  id: "0190a2b4-7c00-7000-8000-000000000001",
  customerId: "alice",
  stage: "PENDING",
  status: "PENDING",
  reason: "cancelled_by_customer",
  attention: null,
  undoing: [],
  settledByHand: false,
  currency: "USD",
  items: [],
  subtotal: 1000,
  discount: 0,
  shipping: 0,
  tax: 0,
  total: 1000,
  shippingAddress: { name: "Alice", line1: "1 Main Street", city: "Seattle", postalCode: "98101", country: "US" },
  paymentToken: "tok_visa",
  couponCode: "WELCOME10",
  email: null,
  historyLength: 0,
  createdAt: 0,
  updatedAt: 0,
};

/** Where the order leaves the way to its delivery. */
const UNDONE: readonly Stage[] = ["CANCEL_PENDING", "CANCELLED", "REJECTED", "EXPIRED"];

/** The pictures by name, as all modules' declarations have them. */
export const orderDiagrams = (modules: readonly ModuleFacts[]): Readonly<Record<string, string>> => ({
  "order stages": stagesDiagram((from, to) => !UNDONE.includes(from) && !UNDONE.includes(to)),
  "order ends": stagesDiagram((from, to) => UNDONE.includes(from) || UNDONE.includes(to)),
  "order messages": messagesDiagram(modules),
  "order steps": stepsTable(),
  "way-of-an-order.svg": wayDrawing(modules),
});

function stagesDiagram(isShown: (from: Stage, to: Stage) => boolean): string {
  const edges = Object.entries(transitions).flatMap(([from, targets]) =>
    // Object.entries forgets that the keys are stages.
    targets.map((to) => ({ from: from as Stage, to })),
  );
  const shown = edges.filter(({ from, to }) => isShown(from, to));
  const lines = shown.map(({ from, to }) => [`${from} --> ${to}`, whatMoves(from, to)].filter(Boolean).join(": "));
  const begins = shown.some(({ from }) => from === "PENDING") ? ["[*] --> PENDING: POST /orders"] : [];
  const ends = [...new Set(shown.map(({ to }) => to))].filter((to) => transitions[to].length === 0);
  return mermaid("stateDiagram-v2", [...begins, ...lines, ...ends.map((stage) => `${stage} --> [*]`)]);
}

/** What takes an order from one stage to the next, in a few words. */
function whatMoves(from: Stage, to: Stage): string {
  const { moves = [], deadline } = saga[from];
  const answers = moves
    .filter((move) => (move.kind === "goes on" ? move.to === to : move.kind === "refuses" && to === "REJECTED"))
    .map(({ type }) => type.type);
  if (deadline && deadlineEnd(deadline) === to) answers.push("its time is over");
  if (to === "CANCEL_PENDING") answers.push("cancel");
  if (from === "DELIVERED" && to === "GIVING_BACK") answers.push("POST /returns");
  if (from === "CANCEL_PENDING" && to === "CANCELLED") answers.push("all is undone");
  return answers.join(" or ");
}

function deadlineEnd({ afterwards }: Deadline): Stage | null {
  switch (afterwards.kind) {
    case "expires":
      return "EXPIRED";
    case "cancels":
      return "CANCEL_PENDING";
    case "goes on":
      return afterwards.to;
    case "needs attention":
      return null;
  }
}

/** The way of an order that nobody refuses, cancels or returns. */
function messagesDiagram(modules: readonly ModuleFacts[]): string {
  const lines = ["actor customer", "participant order", "customer->>order: POST /orders"];
  for (const { module, either } of askedBefore(modules)) lines.push(`order->>${module}: ${either}, asked at once`);
  for (const stage of wayToTheEnd()) {
    const step = saga[stage];
    lines.push(`Note over order: ${stage} (${plain(step.name)})`);
    for (const { module, type } of sentBy(step.asks ?? [])) lines.push(`order->>${module}: ${type}`);
    for (const { topic, type } of sentBy(step.tells ?? []))
      for (const listener of listenersOf(topic, modules)) lines.push(`order--)${listener}: ${type}`);
    const [move] = movesOn(step);
    if (move) lines.push(`${move.type.module}-->>order: ${move.type.type}`);
  }
  return mermaid("sequenceDiagram", lines);
}

/** What is asked of each module before the order is placed: one of its methods, as the order needs it. */
function askedBefore(modules: readonly ModuleFacts[]) {
  const asks = modules.find(({ name }) => name === "order")?.asks ?? [];
  return [...Map.groupBy(asks, ({ module }) => module)].map(([module, own]) => ({
    module,
    either: own.map(({ name }) => name).join(" or "),
  }));
}

function listenersOf(topic: string, modules: readonly ModuleFacts[]): readonly string[] {
  const listeners = modules.filter(({ topics }) => topics.subscribes.some(({ name }) => name === topic));
  return listeners.length === 0 ? ["whoever wants to know"] : listeners.map(({ name }) => name);
}

/** All stages but those of an order that comes to nothing. */
function wayDrawing(modules: readonly ModuleFacts[]): string {
  const before = askedBefore(modules).map(
    ({ module, either }): WayRow => ({
      stage: "",
      about: "asked at once",
      others: [module],
      sends: [either],
      hears: [],
      tells: [],
    }),
  );
  // Object.keys forgets what they are.
  const way = (Object.keys(saga) as (keyof typeof saga)[]).filter(
    (stage): stage is Stage => stage !== "PLACING" && !UNDONE.includes(stage),
  );
  const rows = way.map((stage): WayRow => {
    const { name, asks = [], moves = [], tells = [] } = saga[stage];
    const hears = moves.map(({ type }) => type);
    return {
      stage,
      about: plain(name).replace(/^\w+\. /, ""),
      others: [...new Set([...sentBy(asks), ...hears].map(({ module }) => module))],
      sends: sentBy(asks).map(({ type }) => type),
      hears: hears.map(({ type }) => type),
      tells: sentBy(tells).map(({ type }) => type),
    };
  });
  const placeOf = (stage: Stage) => before.length + way.indexOf(stage);
  const next = way.flatMap((stage) =>
    transitions[stage].filter((to) => !UNDONE.includes(to)).map((to) => [placeOf(stage), placeOf(to)] as const),
  );
  const events = sentBy(way.flatMap((stage) => saga[stage].tells ?? []))[0]?.topic ?? "";
  const listeners = listenersOf(events, modules);
  return wayPicture({
    rows: [...before, ...rows],
    steps: next,
    events: events.replace(/^genai-demo\./, ""),
    listeners,
  });
}

const movesOn = (step: Step) =>
  (step.moves ?? []).filter((move): move is Extract<Move, { kind: "goes on" }> => move.kind === "goes on");

/** The stages from the first one on, each by the first answer that moves it on, or by the end of a wait. */
function wayToTheEnd(): readonly Stage[] {
  const way: Stage[] = [];
  let stage: Stage | null | undefined = "PENDING";
  while (stage && !way.includes(stage)) {
    way.push(stage);
    const step: Step = saga[stage];
    stage = movesOn(step)[0]?.to ?? (step.deadline && deadlineEnd(step.deadline));
  }
  return way;
}

function stepsTable(): string {
  const typesOf = (sends: readonly Send[]) =>
    sentBy(sends)
      .map(({ type }) => type)
      .join(", ");
  const rows = Object.entries(saga).map(([stage, { name, asks = [], tells = [], moves = [], deadline, undo }]) => [
    name,
    // Object.entries forgets what its keys are.
    stage === "PLACING" ? "" : statusOf({ stage: stage as Stage, attention: null }),
    typesOf([...asks, ...tells]),
    moves.map(inWords).join("; "),
    deadline ? waitInWords(deadline) : "",
    undo ? typesOf([undo.ask]) : "",
  ]);
  const head = ["Step", "Shown as", "Sends", "Goes on with", "Waits at most", "Undone by"];
  const widths = head.map((_, index) => Math.max(...[head, ...rows].map((cells) => cells[index]?.length ?? 0)));
  const inColumns = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(" | ")} |`;
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(inColumns).join("\n");
}

function inWords(move: Move): string {
  const { type } = move.type;
  if (move.kind === "refuses") return `${type}: refused`;
  return move.kind === "goes on" ? type : `${type}: NEEDS_ATTENTION`;
}

const AFTERWARDS = {
  expires: "EXPIRED",
  cancels: "cancelled",
  "goes on": "goes on",
  "needs attention": "NEEDS_ATTENTION",
} as const;

const waitInWords = ({ within, afterwards }: Deadline) =>
  `\`${deadlineSettings[within].env}\`, then ${AFTERWARDS[afterwards.kind]}`;

/** The messages of such sends, and whose they are. */
const sentBy = (sends: readonly Send[]) =>
  sends.flatMap((send) => {
    const { topic, type } = send(sample) ?? {};
    return topic === undefined || type === undefined ? [] : [{ topic, module: topic.split(".")[1] ?? topic, type }];
  });

/** Without remarks, and what mermaid takes for the end of a line. */
const plain = (text: string) => text.replace(/ \(.*\)$/, "").replaceAll(/[;#]/g, ",");

const mermaid = (kind: string, lines: readonly string[]) =>
  ["```mermaid", kind, ...lines.map((line) => `  ${line}`), "```"].join("\n");
