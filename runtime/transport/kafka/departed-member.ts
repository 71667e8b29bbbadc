/**
 * A consumer that is given up while the brokers are away cannot leave its group. Its membership lives on with them, and
 * whoever joins waits until that session is over. So the consumer that follows takes its forerunner out of the group
 * before it joins. That changes nothing where the forerunner has left by itself; where the coordinator does not answer
 * yet it throws, as joining would.
 */
import {
  type Cluster,
  type Consumer,
  type ConsumerConfig,
  type Broker as KafkaBroker,
  PartitionAssigners,
} from "kafkajs";
import { faultOf } from "./fault.ts";

export interface GroupConsumer extends Consumer {
  /** Once it is subscribed, and before it runs. */
  leaveFor(departedMember: string): Promise<void>;
}

/** `make` builds the consumer from its configuration. */
export function groupConsumer(config: ConsumerConfig, make: (config: ConsumerConfig) => Consumer): GroupConsumer {
  const { groupId } = config;
  let cluster: Cluster | undefined;
  const consumer = make({
    ...config,
    partitionAssigners: [
      // The one place where kafkajs gives its cluster away.
      (assigned) => {
        cluster = assigned.cluster;
        return PartitionAssigners.roundRobin(assigned);
      },
    ],
  });
  return {
    ...consumer,
    async leaveFor(memberId) {
      // The types of kafkajs leave this request out.
      const coordinator = (await cluster?.findGroupCoordinator({ groupId })) as LeavableBroker | undefined;
      await coordinator?.leaveGroup({ groupId, memberId }).catch((error: unknown) => {
        if (faultOf(error).type !== "UNKNOWN_MEMBER_ID") throw error;
      });
    },
  };
}

interface LeavableBroker extends KafkaBroker {
  leaveGroup(member: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}
