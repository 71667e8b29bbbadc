/**
 * What reads of an order are compared with: one route, one statement, its row as JSON; no check of who asks. The
 * statement is the platform's own, on as many connections as its reads may use. Runs in a process of its own.
 */
import postgres from "postgres";
import { orderStore } from "../../modules/order/store.ts";
import { POOL_SIZE } from "../../runtime/database/postgres.ts";

const sql = postgres(process.env.DATABASE_URL ?? "", { max: POOL_SIZE, connection: { search_path: '"order"' } });

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  routes: {
    "/health/ready": new Response("ok"),
    "/orders/:id": async ({ params }) => {
      const { text, params: given } = orderStore.load([params.id]);
      const [row] = await sql.unsafe(text, [...given], { prepare: true });
      return row === undefined ? new Response(null, { status: 404 }) : Response.json(row);
    },
  },
});

process.on("SIGTERM", async () => {
  await server.stop(true);
  await sql.end({ timeout: 1 });
  process.exit(0);
});
