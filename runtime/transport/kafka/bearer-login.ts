/**
 * Login by OAUTHBEARER (RFC 7628). A broker refuses a token with an answer that carries no error code; kafkajs's own
 * login takes that for a success and then sees its connections closed. This one reads the answer, and ends the exchange
 * as the standard asks, so that the broker closes a connection that nobody uses any more.
 */
import { KafkaJSNonRetriableError, type Mechanism } from "kafkajs";

/**
 * `token` is asked at each login. One that is refused, or empty, makes whatever wanted to log in throw. `source`: where it
 * comes from.
 */
export function bearerLogin(token: () => Promise<string>, source: string): Mechanism {
  return {
    mechanism: "oauthbearer",
    authenticationProvider: ({ saslAuthenticate }) => ({
      async authenticate() {
        const value = await token();
        if (value === "") throw new KafkaJSNonRetriableError(`there is no token to log in with: ${source} is empty`);
        const refusal = await saslAuthenticate({
          request: framed(`n,,\u0001auth=Bearer ${value}\u0001\u0001`),
          response,
        });
        if (!refusal) return;
        // The broker answers this one with an error, which says no more than what it has said before.
        await saslAuthenticate({ request: framed("\u0001"), response }).catch(() => undefined);
        throw new KafkaJSNonRetriableError(
          `the brokers refuse the token: ${refusal} (${source} must give one that has not expired and is made for them)`,
        );
      },
    }),
  };
}

/** Bytes have their length before them. */
function framed(text: string) {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return { encode: () => Buffer.concat([length, bytes]) };
}

const response = {
  decode: (framedAnswer: Buffer) => framedAnswer.subarray(4),
  parse: (answer: Buffer) => answer.toString(),
};
