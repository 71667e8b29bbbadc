/** The settings of a KRaft broker in tests: everything on loopback, quick to start, and durable by its replicas. */

/** Where one broker is. Every broker is a controller too. */
export interface NodeAddress {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  /** Of the listener that asks for TLS and SASL. */
  readonly securedPort?: number;
}

/** The name of the listener with TLS and SASL: settings for it alone start with `listener.name.secured.`. */
export const SECURED_LISTENER = "SECURED";

/** Of one broker in a cluster of `nodes`, its data under `data`. `extra` goes over what is here. */
export function brokerSettings(
  node: NodeAddress,
  nodes: readonly NodeAddress[],
  data: string,
  extra: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const clients = [`PLAIN://127.0.0.1:${node.port}`];
  if (node.securedPort !== undefined) clients.push(`${SECURED_LISTENER}://127.0.0.1:${node.securedPort}`);
  return {
    "process.roles": "broker,controller",
    "node.id": String(node.id),
    "controller.quorum.voters": nodes.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join(","),
    listeners: [...clients, `CONTROLLER://127.0.0.1:${node.controllerPort}`].join(","),
    "advertised.listeners": clients.join(","),
    "listener.security.protocol.map": `PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,${SECURED_LISTENER}:SASL_SSL`,
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAIN",
    "log.dirs": data,
    ...replication(nodes.length),
    // Topics are made by the registry's command; a misspelt one must not come into being by itself.
    "auto.create.topics.enable": "false",
    // A consumer group's first member waits for nobody.
    "group.initial.rebalance.delay.ms": "0",
    // With the defaults a broker that was killed is given up after 9 s, and its restart takes as long.
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "250",
    // Memory and threads for one laptop's load; the cleaner's buffer alone would be 128 MB.
    "log.cleaner.dedupe.buffer.size": "2097152",
    "num.network.threads": "2",
    "num.io.threads": "4",
    ...extra,
  };
}

/** Internal topics live on every broker: one of three may go away. Few partitions, for each has files and threads. */
function replication(brokers: number): Readonly<Record<string, string>> {
  const replicas = String(Math.min(brokers, 3));
  const insync = brokers >= 3 ? "2" : "1";
  return {
    "default.replication.factor": replicas,
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": replicas,
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": replicas,
    "transaction.state.log.min.isr": insync,
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": replicas,
    "share.coordinator.state.topic.min.isr": insync,
  };
}

/** As the text of a properties file. */
export function propertiesText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}
