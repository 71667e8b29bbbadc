/**
 * Requests of a process to the brokers, each an operation of the loop: so the process may die before and after it, and
 * be frozen before it hears the answer. A request may be lost on its way, arrive after its sender has given up or died,
 * be done and its answer lost, or take its time; while the brokers are away it is refused or gets no answer.
 */
import type { Actor, Loop } from "../loop.ts";
import type { Trace } from "../trace.ts";
import { BrokerError } from "./broker-error.ts";
import type { BrokerFaults } from "./profile.ts";

/** How the brokers answer one request: at once, or when what it waits for has come. */
export interface Reply<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

export interface Asking {
  readonly actor: Actor;
  readonly label: string;
  /** Called when the client gives up on an answer. */
  readonly timedOut?: () => void;
}

export interface Requests {
  /** `arrive` is what the brokers do. What it throws is their refusal. */
  ask<T>(asking: Asking, arrive: (reply: Reply<T>) => void): Promise<T>;
}

interface Options {
  readonly loop: Loop;
  readonly trace: Trace;
  readonly faults: BrokerFaults;
  /** The actor of what the brokers do by themselves. */
  readonly brokers: Actor;
}

const NOBODY: Reply<unknown> = { resolve: () => undefined, reject: () => undefined };
const noop = (): void => undefined;

export function createRequests({ loop, trace, faults, brokers }: Options): Requests {
  const { profile } = faults;
  const broken = (label: string) => new BrokerError(undefined, `${label}: the connection to the broker is gone`);

  function attempt<T>(reply: Reply<T>, arrive: (reply: Reply<T>) => void) {
    try {
      arrive(reply);
    } catch (error) {
      reply.reject(error);
    }
  }

  return {
    ask: ({ actor, label, timedOut = noop }, arrive) =>
      new Promise((resolve, reject) => {
        const giveUp = () => {
          timedOut();
          reject(new BrokerError("REQUEST_TIMED_OUT", `${label}: the broker does not answer`));
        };
        const hang = () => {
          loop.after(actor, profile.requestTimeoutMs, giveUp);
        };

        /** The brokers do it now; gives back what tells the client, as far as it is known. */
        function arrival(): () => void {
          let told = noop;
          let isArriving = true;
          const answer = (settle: () => void) => {
            const isLost = faults.happens("brokerAnswerLost");
            if (isLost) trace.line(`  the answer is lost: ${label}`);
            const tell = isLost ? () => reject(broken(label)) : settle;
            if (isArriving) told = tell;
            else loop.submit({ actor, label: `answer: ${label}`, commits: true, perform: async () => tell });
          };
          attempt(
            {
              resolve: (value) => answer(() => resolve(value)),
              reject: (error) => answer(() => reject(error)),
            },
            arrive,
          );
          isArriving = false;
          return told;
        }

        /** It travels for a while, and so does what it brings about. */
        function slowly() {
          const forMs = faults.durationMs(profile.slowMs);
          trace.line(`  slow, it arrives in ${forMs} ms`);
          loop.after(brokers, forMs, () => {
            const told = arrival();
            loop.submit({ actor, label: `late answer: ${label}`, commits: true, perform: async () => told });
          });
        }

        const perform = async () => {
          if (faults.away()) {
            trace.line("  the brokers are away");
            return faults.hangs() ? hang : () => reject(new BrokerError(undefined, "connect ECONNREFUSED"));
          }
          if (faults.happens("brokerRequestLost")) {
            trace.line("  it is lost");
            return () => reject(broken(label));
          }
          if (faults.happens("brokerRequestLate")) {
            const inMs = faults.durationMs(2 * profile.slowMs);
            trace.line(`  given up, it arrives in ${inMs} ms`);
            loop.after(brokers, inMs, () => {
              trace.line(`  arrives after it was given up: ${label}`);
              attempt(NOBODY, arrive);
            });
            return hang;
          }
          if (faults.happens("brokerSlow")) {
            slowly();
            return noop;
          }
          return arrival();
        };
        loop.submit({ actor, label, commits: true, perform });
      }),
  };
}
