import { expect, test } from "bun:test";
import { type Database, DatabaseError, type Statement } from "../../../runtime/database/port.ts";
import type { Mail } from "../sender.ts";
import { createMailbox } from "./mailbox.ts";

const mail = (name: string): Mail => ({
  channel: "email",
  messageId: `<${name}@genai-demo>`,
  recipient: `${name}@example.com`,
  subject: `To ${name}`,
  body: "Hello.\n",
});

/** Keeps what is sent; answers each statement by the given steps in turn. */
function database(steps: readonly (() => Promise<[]>)[]) {
  const statements: Statement[] = [];
  const opened: Database = {
    lane: () => ({
      run: async (statement) => {
        statements.push(statement);
        const step = steps[statements.length - 1];
        if (!step) throw new Error(`the statement ${statements.length} was not expected`);
        return step();
      },
      begin: () => Promise.reject(new Error("a mailbox needs no transaction")),
      close: () => Promise.resolve(),
    }),
    query: () => Promise.reject(new Error("a mailbox uses its lane")),
    close: () => Promise.resolve(),
  };
  return { opened, statements };
}

const stored = async (): Promise<[]> => [];
const clock = { now: () => Date.UTC(2026, 0, 31) };
const signal = new AbortController().signal;

test("mails that come together are stored together, each once", async () => {
  const { opened, statements } = database([stored, stored]);
  const mailbox = createMailbox(opened, clock);
  await Promise.all(["a", "b", "c"].map((name) => mailbox.send(mail(name), signal)));
  expect(statements.length).toBe(2);
  const rows = statements.map(({ params }) => JSON.parse(String(params[0])));
  expect(rows[0]).toEqual([
    {
      channel: "email",
      message_id: "<a@genai-demo>",
      recipient: "a@example.com",
      subject: "To a",
      body: "Hello.\n",
      sent_at: "2026-01-31T00:00:00.000Z",
    },
  ]);
  expect(rows[1]).toMatchObject([{ message_id: "<b@genai-demo>" }, { message_id: "<c@genai-demo>" }]);
  expect(statements[0]?.text).toContain("on conflict (message_id) do nothing");
});

test("a database that does not answer rejects the mail, and the next one is tried", async () => {
  const gone = new DatabaseError("unavailable", "", "gone");
  const { opened, statements } = database([() => Promise.reject(gone), stored]);
  const mailbox = createMailbox(opened, clock);
  await expect(mailbox.send(mail("a"), signal)).rejects.toBe(gone);
  await mailbox.send(mail("a"), signal);
  expect(statements.length).toBe(2);
});
