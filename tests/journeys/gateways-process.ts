/**
 * Gateways in a process of their own, as balancers are: its standard input is what they are to be, as JSON, and when
 * that closes they end. Apart from the test, because Bun sends 256 requests of a process at a time, and those of the
 * test's clients must not wait for those that answer them.
 */
import * as z from "zod";
import { startGateway } from "../../runtime/cli/dev/gateway.ts";

const urls = z.array(z.string());
const Gateways = z.array(z.object({ port: z.int(), byCollection: z.record(z.string(), urls), others: urls }));
export type GatewayPlan = z.infer<typeof Gateways>[number];

if (import.meta.main) {
  const lines = console[Symbol.asyncIterator]();
  const { value: plan } = await lines.next();
  for (const { port, byCollection, others } of Gateways.parse(JSON.parse(String(plan))))
    startGateway({ hostname: "127.0.0.1", port, upstreams: (collection) => byCollection[collection ?? ""] ?? others });
  console.log("ready");
  await lines.next();
  process.exit(0);
}
