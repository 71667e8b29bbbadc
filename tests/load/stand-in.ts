/**
 * Stands in for the platform in the tests of the bench itself: answers POST /api/v1/orders, keeps orders and an outbox
 * row in the database a moment, so that draining has something to wait for. MODE `honest`, `forgets` (answers without
 * storing) or `parks` (leaves a dead letter).
 */
import postgres from "postgres";

const OUTBOX_FOR_MS = 300;
const mode = process.env.MODE ?? "honest";
const sql = postgres(process.env.DATABASE_URL ?? "", { max: 8 });
const orderTable = sql.unsafe.bind(sql);

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  async fetch(request) {
    if (new URL(request.url).pathname === "/health/ready") return new Response("ok");
    const key = request.headers.get("idempotency-key") ?? "";
    if (mode !== "forgets") {
      await orderTable(
        `with o as (insert into "order".orders (id, status) values ($1, 'CONFIRMED'))
         insert into "order".outbox (key) values ($1)`,
        [key],
      );
      setTimeout(
        () => orderTable(`delete from "order".outbox where key = $1`, [key]).catch(() => undefined),
        OUTBOX_FOR_MS,
      );
    }
    if (mode === "parks") await orderTable(`insert into "order".dead_letter (key) values ($1)`, [key]);
    return Response.json({ id: key, status: "CONFIRMED" }, { status: 201 });
  },
});

process.on("SIGTERM", async () => {
  await server.stop(true);
  await sql.end({ timeout: 1 });
  process.exit(0);
});
