/**
 * One broker for all test files that run in this process: a start of its own costs each of them seconds. Whoever uses it
 * names topics and groups that nobody else has, and leaves it running. It ends with the process.
 */
import { type SecuredKafka, startExternalKafka } from "./external-kafka.ts";

let started: Promise<SecuredKafka> | undefined;

/** Starts it when it is first asked for. Throws `MissingTool` when it cannot be had. */
export function sharedKafka(): Promise<SecuredKafka> {
  started ??= startExternalKafka({ secured: true });
  return started;
}
