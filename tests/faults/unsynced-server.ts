/** Holds an embedded PostgreSQL with fsync off on the data directory in its first argument, over TCP on its second. */
import { startEmbedded } from "../../runtime/database/embedded.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";

const [, , dataDir = "", port = ""] = process.argv;
const server = await startEmbedded({
  dataDir,
  scheduler,
  tcpPort: Number(port),
  fsync: false,
  log: (line) => console.error(line),
});
console.log(server.tcpUrl);
process.once("SIGTERM", () => server.stop().then(() => process.exit(0)));
// The server does not keep its holder alive.
setInterval(() => undefined, 60_000);
