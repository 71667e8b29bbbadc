/**
 * Gateways in a process of their own, as balancers are: each line of its standard input is what they are to be from then
 * on, as JSON, all of them each time, and when that closes they end. Apart from the test, because Bun sends 256 requests
 * of a process at a time, and those of the test's clients must not wait for those that answer them.
 */
import * as z from "zod";
import { startGateway } from "../../runtime/cli/dev/gateway.ts";

const urls = z.array(z.string());
const Gateways = z.array(z.object({ port: z.int(), byCollection: z.record(z.string(), urls), others: urls }));
export type GatewayPlan = z.infer<typeof Gateways>[number];

if (import.meta.main) {
  const current = new Map<number, GatewayPlan>();
  for await (const line of console) {
    // Closed.
    if (line === "") break;
    for (const plan of Gateways.parse(JSON.parse(line))) {
      const { port } = plan;
      if (!current.has(port))
        startGateway({
          hostname: "127.0.0.1",
          port,
          upstreams: (collection) => {
            const { byCollection = {}, others = [] } = current.get(port) ?? {};
            return byCollection[collection ?? ""] ?? others;
          },
        });
      current.set(port, plan);
    }
    console.log("ready");
  }
  process.exit(0);
}
