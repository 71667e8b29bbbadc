/**
 * A real Apache Kafka on loopback: what "external" means in tests and loads. One broker or several, each of which can
 * be killed, frozen and started again; on request with a listener that asks for TLS and SASL beside the plain one.
 *
 * It ends with `stop()`, and when this process ends in any other way, kill -9 included.
 */
import { KAFKA_VERSION, provisionKafka } from "./kafka.ts";
import { type KafkaNode, startKafkaCluster } from "./kafka-cluster.ts";
import type { SecuredAccess } from "./kafka-security.ts";

export interface ExternalKafka {
  /** `host:port` of each plain listener: whoever comes by it is an administrator. */
  readonly brokers: readonly string[];
  readonly nodes: readonly KafkaNode[];
  /** Holds each broker's settings, log and data. */
  readonly directory: string;
  /** Ends every broker and removes its data. May be called twice. */
  stop(): Promise<void>;
}

/** The listener with TLS and SASL, and how to get in by it. */
export interface SecuredListener extends SecuredAccess {
  /** `host:port` of each. */
  readonly brokers: readonly string[];
}

export interface SecuredKafka extends ExternalKafka {
  readonly secured: SecuredListener;
}

export interface ExternalKafkaOptions {
  /** How many brokers; 1 unless said otherwise. Of three, one may go away. */
  readonly brokers?: number;
  readonly version?: string;
  /** Broker settings, over those that tests need: `{ "message.max.bytes": "2000000" }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts brokers of our own; resolves when all of them serve. Throws `MissingTool` when they cannot be had. */
export function startExternalKafka(options: ExternalKafkaOptions & { readonly secured: true }): Promise<SecuredKafka>;
export function startExternalKafka(options?: ExternalKafkaOptions): Promise<ExternalKafka>;
export async function startExternalKafka({
  version = KAFKA_VERSION,
  ...options
}: ExternalKafkaOptions & { readonly secured?: true } = {}): Promise<ExternalKafka | SecuredKafka> {
  const { nodes, access, directory, stop } = await startKafkaCluster(await provisionKafka(version), options);
  const kafka = { brokers: nodes.map((node) => node.broker), nodes, directory, stop };
  if (access === undefined) return kafka;
  return { ...kafka, secured: { ...access, brokers: nodes.flatMap((node) => node.securedBroker ?? []) } };
}
