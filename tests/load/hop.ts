/**
 * `bench hop`: one message from publishing until its handler is called, through the platform's own transport, one at a
 * time. Over Kafka it is compared with the clients alone on the same broker, in process with a call of the handler; each
 * in turns within one run. What the message core does before and after (outbox, inbox, commit) is in no figure here.
 */
import { startExternalKafka } from "../provision/external-kafka.ts";
import type { Benchmark, BenchmarkOptions } from "./benchmark.ts";
import { measureHandle } from "./broker-latency.ts";
import { type HopRound, hopFigures, kafkaOverBare } from "./hop-figures.ts";
import { measureCall, measureInProcessTransport, measureKafkaTransport } from "./transport-latency.ts";

const IN_PROCESS_MS = 1_000;

/** Runs the whole benchmark; everything it started has ended when it resolves or rejects. */
export async function benchHop({ seconds, rounds, progress }: BenchmarkOptions): Promise<Benchmark> {
  progress("starting a broker …");
  const { brokers, stop } = await startExternalKafka();
  try {
    const measured: HopRound[] = [];
    for (let n = 1; n <= rounds; n++) {
      const round = await oneRound(brokers, seconds * 1000);
      measured.push(round);
      progress(
        `round ${n} of ${rounds}: Kafka p50 ${round.kafka.p50Ms.toFixed(3)} ms, bare ${round.bareKafka.p50Ms.toFixed(3)} ms: ` +
          `${kafkaOverBare(round).toFixed(2)} of it; in process ${(round.inprocess.p50Ms * 1000).toFixed(2)} µs, a call ${(round.call.p50Ms * 1000).toFixed(2)} µs`,
      );
    }
    return {
      figures: hopFigures(measured),
      notes: [
        `${rounds} rounds, bare and transport in turns, ${seconds} s each over Kafka; ratios ${measured.map((round) => kafkaOverBare(round).toFixed(2)).join(", ")}`,
        "p50 and p99 are those of each round, and of these the median; one message of 400 bytes at a time, the clock of one process",
        "Kafka with one broker, topics of one partition; bare: the transport's clients with the same settings and nothing around them",
      ],
    };
  } finally {
    await stop();
  }
}

async function oneRound(brokers: readonly string[], durationMs: number): Promise<HopRound> {
  const bareKafka = await measureHandle(brokers, durationMs);
  const kafka = await measureKafkaTransport(brokers, durationMs);
  const call = await measureCall(IN_PROCESS_MS);
  const inprocess = await measureInProcessTransport(IN_PROCESS_MS);
  return { bareKafka, kafka, call, inprocess };
}
