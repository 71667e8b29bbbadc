/** What an executable says where `dev --split` would have to start servers of its own. */
export const NEEDS_CHECKOUT =
  "--split starts Kafka and Redis with what is in a checkout of the source: run it there, or set KAFKA_BROKERS and REDIS_URL to servers that run";
