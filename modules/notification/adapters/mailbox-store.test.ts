import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { EmbeddedServer } from "../../../runtime/database/embedded.ts";
import { migrate } from "../../../runtime/database/migrate.ts";
import type { Database } from "../../../runtime/database/port.ts";
import { openDatabase } from "../../../runtime/database/postgres.ts";
import { startScratchServer } from "../../../runtime/database/scratch-server.fixture.ts";
import { systemScheduler as scheduler } from "../../../runtime/scheduler.ts";
import { notification } from "../index.ts";
import { createMailbox } from "./mailbox.ts";

setDefaultTimeout(30_000);

let server: EmbeddedServer;
let database: Database;
const [side] = notification.sideSchemas;
const schema = side?.schema ?? "";

beforeAll(async () => {
  server = await startScratchServer();
  const modules = [{ name: schema, migrations: side?.migrations ?? [] }];
  await migrate({ url: server.url, modules, log: () => undefined, scheduler });
  database = openDatabase({ url: server.url, schema, role: `${schema}_app`, scheduler });
});

afterAll(async () => {
  await database?.close();
  await server?.stop();
});

test("a Message-ID is kept once, as it first came, however often and however close together it is sent", async () => {
  let nowMs = Date.UTC(2026, 0, 31);
  const clock = { now: () => nowMs++ };
  const mailboxes = [createMailbox(database, clock), createMailbox(database, clock)];
  const signal = new AbortController().signal;
  const mail = (name: string, subject: string) => ({
    channel: "email" as const,
    messageId: `<${name}@genai-demo>`,
    recipient: `${name}@example.com`,
    subject,
    body: "Zeilen\nund 'Zeichen' \\ \"茶\"\n",
  });
  await mailboxes[0]?.send(mail("a", "first"), signal);
  await Promise.all(
    mailboxes.flatMap((mailbox) => ["c", "a", "b", "a", "c"].map((name) => mailbox.send(mail(name, "again"), signal))),
  );
  const rows = await database.query({
    text: "select message_id, recipient, subject, body, sent_at from mail order by message_id",
    params: [],
  });
  expect(rows).toMatchObject([
    { message_id: "<a@genai-demo>", subject: "first", sent_at: Date.UTC(2026, 0, 31) },
    { message_id: "<b@genai-demo>", subject: "again", recipient: "b@example.com" },
    { message_id: "<c@genai-demo>", subject: "again", body: mail("c", "").body },
  ]);
});
