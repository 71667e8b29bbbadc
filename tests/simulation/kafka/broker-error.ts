/** An error as kafkajs throws it: `type` is the brokers' own word for it, absent where they said nothing. */
export class BrokerError extends Error {
  constructor(
    readonly type: string | undefined,
    message: string,
  ) {
    super(message);
    this.name = "BrokerError";
  }
}
