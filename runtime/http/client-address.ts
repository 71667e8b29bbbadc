/**
 * Who a request comes from, as far as that can be believed. Each proxy in front of us appends the address that it was
 * asked from to `X-Forwarded-For`; what stands left of those entries anybody may have written. So the client is so many
 * entries from the right as there are proxies that are ours: none where clients reach us directly, one behind a load
 * balancer, two behind a CDN and a load balancer.
 */
import { isIP } from "node:net";

/** The client's address; of IPv6 its network of 64 bits, which is what one customer is given. `peer`: who is connected. */
export function clientAddress(peer: string | null, forwardedFor: string | null, trustedProxies: number): string {
  const entries = trustedProxies === 0 || forwardedFor === null ? [] : forwardedFor.split(",").slice(-trustedProxies);
  const [client] = entries;
  return networkOf(addressIn(client ?? "") ?? peer ?? "") ?? "unknown";
}

/** The address of an entry that may have a port: `192.0.2.1:443`, `[2001:db8::1]:443`. */
function addressIn(entry: string): string | undefined {
  const text = entry.trim();
  const bare = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(bare) === 0 ? undefined : bare;
}

function networkOf(address: string): string | undefined {
  const version = isIP(address);
  if (version === 4) return address;
  if (version === 0) return undefined;
  const groups = groupsOf(address);
  const [, , , , , mark, high = 0, low = 0] = groups;
  // IPv4 as a dual-stack socket shows it.
  if (mark === 0xffff && groups.slice(0, 5).every((group) => group === 0))
    return [high >> 8, high & 255, low >> 8, low & 255].join(".");
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): number[] {
  // A URL writes every form of it in one.
  const { hostname } = new URL(`http://[${address.replace(/%.*$/, "")}]`);
  const [left = "", right] = hostname.slice(1, -1).split("::");
  const numbers = (text: string) => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  const [before, after] = [numbers(left), numbers(right ?? "")];
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}
