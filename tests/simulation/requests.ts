import type { Fleet } from "./fleet.ts";
import type { Actor, Loop } from "./loop.ts";
import { Unreachable } from "./workload.ts";

/**
 * Requests to nodes, of clients or of other nodes. Arrival and answer are operations of the loop, so a node may crash
 * before and after each. Who asks hears the answer, the refusal, or (when the node is down or dies) that there is none;
 * of a node that dies without a word, as with its machine, nothing is heard.
 */
export function createRequests<Api>(
  loop: Loop,
  fleet: Pick<Fleet<Api>, "at">,
  clients: Actor,
  diesUnheard: () => boolean = () => false,
) {
  /** Hands an answer to the clients in the seed's order; a crash may still come between. */
  const answer = (label: string, victim: Actor | undefined, settle: () => void) =>
    loop.submit({
      actor: clients,
      ...(victim === undefined ? {} : { victim }),
      label,
      commits: victim !== undefined,
      perform: async () => settle,
    });

  return <T>(label: string, index: number, request: (api: Api) => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      let answered = false;
      const end = (settle: () => void) => () => {
        answered = true;
        settle();
      };
      const lost = () => {
        if (!answered) answer(`no answer: ${label}`, undefined, () => reject(new Unreachable(label)));
      };
      const node = fleet.at(index);
      if (node === undefined) return lost();
      const { actor, api } = node;
      actor.onDeath.push(() => {
        if (!answered && !diesUnheard()) lost();
      });
      const told = (value: T) =>
        answer(
          `answer: ${label}`,
          actor,
          end(() => resolve(value)),
        );
      const refused = (error: unknown) =>
        answer(
          `refusal: ${label}`,
          actor,
          end(() => reject(error)),
        );
      const perform = async () => () => {
        request(api).then(told, refused);
      };
      loop.submit({ actor, label: `request: ${label}`, commits: false, perform });
    });
}
