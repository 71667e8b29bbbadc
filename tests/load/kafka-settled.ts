/** Whether the modules have settled all that was published to them: what is on the brokers stands in no database. */
import { registry } from "../../modules/registry.ts";
import { kafkaClients } from "../../runtime/transport/kafka/client.ts";
import { createTravelling } from "../../runtime/transport/kafka/travelling.ts";

export interface KafkaSettled {
  /** False as well while the brokers do not say; how long to ask again is the caller's matter. */
  isSettled(): Promise<boolean>;
  close(): Promise<void>;
}

/** Looks at the groups of all modules. */
export function watchSettled(brokers: readonly string[]): KafkaSettled {
  const { admin } = kafkaClients({ brokers, clientId: "genai-demo-bench", prefix: "", tls: null, sasl: null });
  const travelling = createTravelling({ makeAdmin: admin });
  return {
    async isSettled() {
      for (const { name, topics } of registry) {
        const subscribed = topics.subscribes.map((topic) => topic.name);
        const open = await travelling.of(`genai-demo.${name}`, subscribed).catch(() => subscribed);
        if (open.length > 0) return false;
      }
      return true;
    },
    close: travelling.close,
  };
}
