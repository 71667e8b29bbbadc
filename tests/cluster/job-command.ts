/** The command of a Job's pod as it is run beside the cluster. */
import type { Pod } from "./objects.ts";

/** How long a smoke tries a preview that does not answer; in pods it is a minute. */
const SMOKE_WITHIN_SECONDS = 5;

const addressOf = (service: string) => new RegExp(`http://${service}(\\.[a-z.-]+)?(:\\d+)?(?=/|$)`);
const argsOf = ({ spec }: Pod) => spec.containers[0]?.args ?? [];

/** Whether it asks that Service. */
export const asks = (pod: Pod, service: string): boolean => argsOf(pod).some((each) => addressOf(service).test(each));

/** Its words; where they name the Service, which only the cluster resolves, stands `url`, and it gives up sooner. */
export const commandOf = (pod: Pod, service: string, url: string): readonly string[] =>
  argsOf(pod).map((each) =>
    each.replace(addressOf(service), url).replace(/^--within=.*/, `--within=${SMOKE_WITHIN_SECONDS}`),
  );
