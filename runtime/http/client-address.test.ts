import { expect, test } from "bun:test";
import { clientAddress } from "./client-address.ts";

const CDN = "203.0.113.9";
const BALANCER = "10.0.3.4";

test.each([
  ["nobody in front: what the client writes is not believed", BALANCER, "1.2.3.4", 0, BALANCER],
  ["a load balancer", BALANCER, "192.0.2.7", 1, "192.0.2.7"],
  ["a load balancer, and a client that claims to be others", BALANCER, "1.1.1.1, 2.2.2.2, 192.0.2.7", 1, "192.0.2.7"],
  ["a CDN and a load balancer", BALANCER, `192.0.2.7, ${CDN}`, 2, "192.0.2.7"],
  ["a CDN, a load balancer and a claim", BALANCER, `1.1.1.1,192.0.2.7,${CDN}`, 2, "192.0.2.7"],
  ["past the CDN: the balancer's entry is all there is", BALANCER, "192.0.2.7", 2, "192.0.2.7"],
  ["a proxy that says nothing", BALANCER, null, 2, BALANCER],
  ["an entry that is no address", BALANCER, "unknown", 1, BALANCER],
  ["an entry with a port", BALANCER, "192.0.2.7:51000", 1, "192.0.2.7"],
  ["IPv6 with a port", BALANCER, "[2001:db8:1:2:3::9]:51000", 1, "2001:db8:1:2::/64"],
  ["IPv6: one network is one client", BALANCER, "2001:db8:1:2:ffff::1", 1, "2001:db8:1:2::/64"],
  ["IPv6 of few groups", "::1", null, 0, "0:0:0:0::/64"],
  ["IPv6 of a link", "fe80::1%eth0", null, 0, "fe80:0:0:0::/64"],
  ["IPv4 at a socket for both", "::ffff:192.0.2.7", null, 0, "192.0.2.7"],
  ["nobody knows", null, null, 0, "unknown"],
])("%s", (_what, peer, forwardedFor, proxies, client) => {
  expect(clientAddress(peer, forwardedFor, proxies)).toBe(client);
});
