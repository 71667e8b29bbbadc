/**
 * Whether the modules have settled all that was published to them, for an onlooker that carries no messages: what is on
 * the brokers stands in no outbox any more.
 */
import { brokerNames } from "./broker-names.ts";
import { type KafkaSettings, kafkaClients } from "./client.ts";
import { createTravelling } from "./travelling.ts";

export interface Settled {
  /** False as well while the brokers do not say; how long to ask again is the caller's matter. */
  isSettled(): Promise<boolean>;
  close(): Promise<void>;
}

interface Subscriber {
  readonly name: string;
  readonly topics: { readonly subscribes: readonly { readonly name: string }[] };
}

/** Looks at the groups of all these modules. */
export function watchSettled(modules: readonly Subscriber[], settings: KafkaSettings): Settled {
  const onBroker = brokerNames(settings);
  const travelling = createTravelling({ makeAdmin: kafkaClients(settings).admin });
  return {
    async isSettled() {
      for (const { name, topics } of modules) {
        const subscribed = topics.subscribes.map((topic) => onBroker.topic(topic.name));
        const open = await travelling.of(onBroker.group(name), subscribed).catch(() => subscribed);
        if (open.length > 0) return false;
      }
      return true;
    },
    close: travelling.close,
  };
}
