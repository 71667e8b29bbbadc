/** The processes of `dev --split`: which flags and ports each has, and how they find each other. */
import type { ModuleFacts } from "../../../module.ts";
import { collectionsOf, EDGE_HOST } from "../../../registry.ts";
import type { PlatformFlags } from "../../run-platform.ts";
import type { GatewayPlan } from "./gateway-process.ts";
import type { Group } from "./groups.ts";
import { freeServerPort } from "./server-port.ts";

const LOOPBACK = "127.0.0.1";

export interface Member {
  readonly group: Group;
  readonly port: number;
  /** For rpc and health. */
  readonly internalPort: number;
}

/** What a group's process runs, for everybody to see in the list of processes. */
export const flagsOf = ({ modules }: Group): PlatformFlags => ({
  modules: modules.join(","),
  // With all modules in one group as well: that is what is asked for here.
  transport: "kafka",
  edge: "auto",
  host: LOOPBACK,
});

/** A process for each group, on ports that are free now and stay the same while it is restarted. */
export async function placeMembers(groups: readonly Group[]): Promise<readonly Member[]> {
  return Promise.all(
    groups.map(async (group) => ({
      group,
      port: await freeServerPort(),
      internalPort: await freeServerPort(),
    })),
  );
}

export const urlOf = ({ port }: Member) => `http://${LOOPBACK}:${port}`;
export const rpcUrlOf = ({ internalPort }: Member) => `http://${LOOPBACK}:${internalPort}`;

/** Where a group's process listens, and where it asks each module. */
export function environmentOf(group: Group, members: readonly Member[]): Readonly<Record<string, string>> {
  const own = members.find((member) => member.group === group);
  const urls = members.flatMap((member) =>
    member.group.modules.map((module) => [`${module.toUpperCase()}_RPC_URL`, rpcUrlOf(member)]),
  );
  return { ...Object.fromEntries(urls), PORT: String(own?.port), INTERNAL_PORT: String(own?.internalPort) };
}

/** Paths go where the load balancer of a cluster sends them. */
export function gatewayPlan(
  members: readonly Member[],
  modules: readonly Pick<ModuleFacts, "name" | "routes">[],
  { host, port }: { readonly host: string; readonly port: number },
): GatewayPlan {
  const urls = new Map(members.flatMap((member) => member.group.modules.map((module) => [module, urlOf(member)])));
  const answers = (module: string) => urls.get(module) ?? "";
  const byCollection = modules.flatMap((module) => collectionsOf(module).map((each) => [each, answers(module.name)]));
  return { hostname: host, port, byCollection: Object.fromEntries(byCollection), others: answers(EDGE_HOST) };
}
