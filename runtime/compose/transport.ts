import type { PlatformConfig } from "../config/settings.ts";
import type { Health } from "../http/health.ts";
import type { Log } from "../log.ts";
import type { Module } from "../module.ts";
import { systemRandom } from "../random.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { createInProcessTransport } from "../transport/inprocess.ts";
import type { Transport } from "../transport/port.ts";
import { openKafkaLogin } from "./iam-logins.ts";

/**
 * The transport that TRANSPORT names, with the default of config/settings.ts. The brokers decide whether a process becomes
 * ready. Once a part of it has worked, an outage takes no readiness away: orders are still taken, and carried on when the
 * brokers are back.
 */
export async function openTransport(
  config: PlatformConfig<string>,
  modules: readonly Module[],
  health: Health,
  log: Log,
): Promise<Transport> {
  if (config.transport === "inprocess") return createInProcessTransport();
  const { createKafkaTransport } = await import("../transport/kafka.ts");
  const { kafkaSettingsOf } = await import("../transport/kafka/settings.ts");
  const worked = new Set<string>();
  return createKafkaTransport({
    settings: kafkaSettingsOf(config, `genai-demo-${config.modules.join("-")}`, await openKafkaLogin(config)),
    sends: modules.flatMap(({ topics }) => topics.sends.map(({ name }) => name)),
    scheduler,
    random: systemRandom(),
    log,
    condition(part, problem) {
      if (problem === null) worked.add(part);
      if (problem === null) health.up(`kafka ${part}`);
      else if (worked.has(part)) health.impaired(`kafka ${part}`, problem);
      else health.down(`kafka ${part}`, problem);
    },
  });
}
