/**
 * A mail server, an SMS gateway and a push service that keep what they are given, for local dev, tests and load: nothing
 * leaves the machine.
 *
 * Guarantees that a Message-ID is taken once, however often it is sent. Mails that come together are stored together,
 * in one statement. A database that does not answer rejects all of them with an unknown outcome; the caller repeats.
 */
import type { Clock } from "../../../runtime/clock.ts";
import { createGroupedWork } from "../../../runtime/database/grouped-work.ts";
import type { Database } from "../../../runtime/database/port.ts";
import { recordset, recordType } from "../../../runtime/database/recordset.ts";
import type { Mail, NotificationSender } from "../sender.ts";
import { mail } from "./mailbox-store.ts";

const set = recordset(mail);
// In one order, so that two groups that hold the same mails cannot lock crosswise.
const STORE = `insert into mail (channel, message_id, recipient, subject, body, sent_at)
select x.channel, x.message_id, x.recipient, x.subject, x.body, x.sent_at
from json_to_recordset($1::text::json) as ${recordType(set)}
order by x.message_id
on conflict (message_id) do nothing`;

/** `close` ends its connection. */
export function createMailbox(database: Database, clock: Clock): NotificationSender & { close(): Promise<void> } {
  const lane = database.lane("mailbox");
  const store = createGroupedWork(async (mails: readonly Mail[]): Promise<undefined[]> => {
    const sentAt = clock.now();
    const rows = JSON.stringify(mails.map((each) => set.encode({ ...each, sentAt })));
    await lane.run({ text: STORE, params: [rows] });
    return mails.map(() => undefined);
  });
  return {
    send: (each) => store(each),
    close: () => lane.close(),
  };
}
