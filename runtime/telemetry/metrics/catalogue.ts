/** Every metric that the runtime has; those of a module's own rules stand in its declaration. docs/metrics.md lists both. */
import { defineCounter, defineGauge, defineHistogram, type MetricDeclaration } from "./declaration.ts";

const MODULE = "the module";

export const requestDuration = defineHistogram({
  name: "http.server.request.duration",
  unit: "s",
  description:
    "Requests of each route, until their answer begins: streams go on after that, and `Prefer: wait` counts as long as it waits.",
  labels: {
    module: "the module whose route it is, or `edge`, `health`, `telemetry`",
    route: "the route's template, such as `/api/v1/orders/{id}`",
    method: "the route's method",
    status: "`1xx` to `5xx`",
  },
  whenHigh:
    "5xx: look for `request.failed` and `request.unavailable` in the log. Slow: compare with handler.duration and rpc.client.duration of the same module.",
});

export const requestsTurnedAway = defineCounter({
  name: "http.server.requests.turned_away",
  unit: "{request}",
  description:
    "Requests for new work that were answered 503 before anything was read, because there is too much already.",
  labels: {},
  whenHigh:
    "The process does all it can: add replicas, or find what makes its batches slow (handler.duration, lane.backlog).",
});

export const handlerDuration = defineHistogram({
  name: "handler.duration",
  unit: "s",
  description:
    "Messages, timers, commands and outcomes of calls, from their arrival in the module's lane to the commit of what was decided.",
  labels: {
    module: MODULE,
    kind: "`message`, `timer`, `command`, `call`",
    handler:
      "the message's type after the module that it belongs to, or the name of the timer, command or call; `other` is what nobody handles",
    outcome: "`handled`, `parked` (a dead letter), `failed` (a command whose decision threw)",
  },
  whenHigh:
    "Slow: lane.items and lane.backlog say whether it waits, else the database is slow. Parked: `deadletters list`. Failed: a bug, in the log.",
});

export const rpcClientDuration = defineHistogram({
  name: "rpc.client.duration",
  unit: "s",
  description: "Questions to modules, in this process or another, as whoever asks sees them, repetitions included.",
  labels: { method: "module and name, such as `pricing.priceBasket`", outcome: "`answered`, `unavailable`" },
  whenHigh: "Unavailable: the callee is away, late or wrong; the log and rpc.client.breaker.open say which.",
});

export const rpcServerDuration = defineHistogram({
  name: "rpc.server.duration",
  unit: "s",
  description: "Questions that the modules here answer, whoever asks.",
  labels: {
    method: "module and name",
    outcome: "`answered`, `unavailable` (what it needs is away), `failed` (a bug, or a request of another contract)",
  },
  whenHigh: "Slow or unavailable: the module's database. Failed: in the log.",
});

export const breakerOpen = defineGauge({
  name: "rpc.client.breaker.open",
  unit: "1",
  description: "1 while calls to a module are refused at once because it does not answer, else 0.",
  labels: { callee: "the module that is asked" },
  whenHigh: "That module is away: look at its pods and its database.",
});

export const outboxMessages = defineGauge({
  name: "outbox.messages",
  unit: "{message}",
  description:
    "Committed messages that the transport has not taken. Each replica tells of all: take the highest, not the sum.",
  labels: { module: MODULE },
  whenHigh: "The brokers or the receivers do not keep up: /health/ready of the module, then messaging.consumer.lag.",
});

export const outboxAge = defineGauge({
  name: "outbox.age",
  unit: "s",
  description: "How long the oldest of them has waited; 0 when there is none.",
  labels: { module: MODULE },
  whenHigh: "Orders stand still. As above; `GET /api/v1/ops/outbox` names the order that waits longest.",
});

export const callsWaiting = defineGauge({
  name: "calls.waiting",
  unit: "{call}",
  description: "Calls to the outside world that are committed and have no outcome.",
  labels: { module: MODULE },
  whenHigh: "A provider, carrier or mail server is slow or away: `call.failed` in the log.",
});

export const timersDue = defineGauge({
  name: "timers.due",
  unit: "{timer}",
  description: "Timers whose time has come and that have not been handled.",
  labels: { module: MODULE },
  whenHigh:
    "Nobody holds their shards, or the module's lane is behind: lane.backlog, `shards` and `upkeep` in the log.",
});

export const deadLetters = defineGauge({
  name: "dead_letters",
  unit: "{message}",
  description: "Parked messages that nobody has released or discarded, at most 10,000.",
  labels: { module: MODULE },
  whenHigh: "`deadletters list` says why; release them when the cause is gone. Orders of these keys wait.",
});

export const consumerLag = defineGauge({
  name: "messaging.consumer.lag",
  unit: "{message}",
  description:
    "Records of a topic that a module's consumer group has not committed; only where messages go over Kafka.",
  labels: { module: "the consuming module", topic: "the topic's name" },
  whenHigh:
    "The module is down or slow: handler.duration and lane.items of it; then more replicas, up to the partitions.",
});

export const laneItems = defineGauge({
  name: "lane.items",
  unit: "{item}",
  description: "What a module's lane has before it in this process.",
  labels: {
    module: MODULE,
    state:
      "`queued`, `commands` (requests not answered yet), `early` (an earlier number is missing), `in_hand` (published, not deleted from the outbox)",
  },
  whenHigh: "Queued: more work than batches hold. Early for long: a message is missing (`message.gap` in the log).",
});

export const laneBacklog = defineGauge({
  name: "lane.backlog",
  unit: "s",
  description: "For how long a module's batches have been too small for the work on the customer's path.",
  labels: { module: MODULE },
  whenHigh: "New work is refused soon (http.server.requests.turned_away): add replicas, look at the database.",
});

export const connections = defineGauge({
  name: "db.client.connection.count",
  unit: "{connection}",
  description: "Connections of a pool for reads and upkeep; each module's lane has one more of its own.",
  labels: { pool: "the schema", state: "`used`, `idle`" },
  whenHigh: "All used: see db.client.connection.pending_requests.",
});

export const connectionsMost = defineGauge({
  name: "db.client.connection.max",
  unit: "{connection}",
  description: "How many connections a pool may have.",
  labels: { pool: "the schema" },
  whenHigh: "It is a setting, and does not change.",
});

export const connectionsAwaited = defineGauge({
  name: "db.client.connection.pending_requests",
  unit: "{request}",
  description: "Statements that wait for a connection of a pool.",
  labels: { pool: "the schema" },
  whenHigh: "Slow statements, or more lists and look-ups than the database answers: its slow log, then more replicas.",
});

export const eventLoopDelay = defineHistogram({
  name: "process.eventloop.delay",
  unit: "s",
  description: "How much later than asked a timer fires, looked at twice a second.",
  labels: {},
  whenHigh: "Something computes for long, or the process has too little CPU: raise its share, or profile it.",
});

export const residentMemory = defineGauge({
  name: "process.memory.usage",
  unit: "By",
  description: "Memory of the process that is in RAM.",
  labels: {},
  whenHigh: "Above what is usual and growing: a leak, or queues (lane.items). It ends at the container's limit.",
});

export const processActive = defineGauge({
  name: "process.active",
  unit: "1",
  description:
    "1 while the process consumes, fires timers and makes calls, 0 while it stands by for another colour of a rollout.",
  labels: {},
  whenHigh:
    "0 in every pod of a module: nothing is consumed. `activity` in the log, the selector of the module's Service, docs/blue-green.md.",
});

export const RUNTIME_METRICS: readonly MetricDeclaration[] = [
  requestDuration,
  requestsTurnedAway,
  handlerDuration,
  rpcClientDuration,
  rpcServerDuration,
  breakerOpen,
  outboxMessages,
  outboxAge,
  callsWaiting,
  timersDue,
  deadLetters,
  consumerLag,
  laneItems,
  laneBacklog,
  connections,
  connectionsMost,
  connectionsAwaited,
  eventLoopDelay,
  residentMemory,
  processActive,
];
