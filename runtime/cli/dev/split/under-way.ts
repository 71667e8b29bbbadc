/**
 * Orders under way between the processes of `dev --split` stand in Kafka and in no outbox any more: `dev` without
 * `--split` does not see them, and they wait. So a note in the data directory says where they are from before the first
 * process starts until an end at which the brokers have told that all is settled; what is killed leaves it. It may name
 * messages that are not there, and never keeps quiet about one that is.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PlatformConfig } from "../../../config/settings.ts";
import type { Module } from "../../../module.ts";
import type { Scheduler } from "../../../scheduler.ts";

const noteIn = (dataDir: string) => join(dataDir, "under-way");
/** Whoever has pressed Ctrl-C waits for it. */
const ANSWER_WITHIN_MS = 2_000;

/** Notes that messages may be under way in `place`. */
export function noteUnderWay(dataDir: string, place: string): void {
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(noteIn(dataDir), `${place}\n`);
}

export const forgetUnderWay = (dataDir: string): void => rmSync(noteIn(dataDir), { force: true });

/** Where messages may be under way; null where none are. */
export function underWayIn(dataDir: string): string | null {
  return existsSync(noteIn(dataDir)) ? readFileSync(noteIn(dataDir), "utf8").trim() : null;
}

/** Whether every module has settled what was sent to it. False where the brokers do not say so in time. */
export async function allSettled(
  registry: readonly Module[],
  config: PlatformConfig<string>,
  scheduler: Scheduler,
): Promise<boolean> {
  const { openKafkaLogin } = await import("../../../compose/iam-logins.ts");
  const { watchSettled } = await import("../../../transport/kafka/settled.ts");
  const { kafkaSettingsOf } = await import("../../../transport/kafka/settings.ts");
  const settled = watchSettled(registry, kafkaSettingsOf(config, "genai-demo-dev", await openKafkaLogin(config)));
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const cancel = scheduler.after(ANSWER_WITHIN_MS, () => resolve(false));
  try {
    return await Promise.race([settled.isSettled(), late]);
  } finally {
    cancel();
    // Brokers that hang would hold up the end; whatever is left of it ends with the process.
    void settled.close();
  }
}
