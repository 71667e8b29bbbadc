/** What customers are told, in which language and on which channels, and how they say so. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import { type Answer, basket, type Client, createClient, eventually, problemOf } from "./client.ts";
import { type TestPlatform, tokenOf } from "./platform.ts";
import { sharedPlatform } from "./shared-platform.ts";

setDefaultTimeout(60_000);

const PATH = "/api/v1/notifications/preferences";
const PHONE = "+886912345678";
const DEFAULT = {
  language: "en",
  channels: ["email"],
  fallback: "in_app",
  phone: null,
  device: null,
  quietHours: null,
};

const notice = z.object({
  orderId: z.uuid(),
  kind: z.string(),
  channel: z.string(),
  status: z.string(),
  subject: z.string(),
  body: z.string(),
});
const page = z.object({ items: z.array(notice), nextCursor: z.string().nullable() });

let platform: TestPlatform;
let operator: Client;

beforeAll(async () => {
  platform = await sharedPlatform();
  operator = await platform.as("operator", "olga");
});

/** A customer of whom no other test knows. */
async function newcomer() {
  const sub = `nina-${crypto.randomUUID()}`;
  return { sub, client: await platform.customer(sub) };
}

const read = (client: Client, query = "") => client.send({ method: "GET", path: `${PATH}${query}` });
const set = (client: Client, body: unknown, query = "") =>
  client.send({
    method: "PUT",
    path: `${PATH}${query}`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const content = (answer: Answer): unknown => {
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return JSON.parse(answer.text);
};

const notices = async (client: Client, orderId: string) =>
  page.parse(content(await client.send({ method: "GET", path: `/api/v1/notifications?orderId=${orderId}` }))).items;

/** Places an order, and gives what was told of its confirmation once that `holds`. */
async function confirmed(
  client: Client,
  change: Readonly<Record<string, unknown>>,
  holds: (told: z.infer<typeof notice>[]) => boolean,
) {
  const items = [{ sku: "SKU-016", quantity: 1 }];
  const { id } = await client.place(basket({ items, ...change }), { wait: 10 });
  await client.until(id, "FULFILLING");
  const told = await eventually(() => notices(client, id), holds);
  return { id, told };
}

const shown = (told: readonly z.infer<typeof notice>[]) =>
  told.map(({ kind, channel, status }) => [kind, channel, status]);
const mails = (orderId: string) =>
  platform.sql(
    `select channel, message_id, recipient, subject from notification_mailbox.mail where message_id like '<${orderId}.%' order by message_id`,
  );
const allSent = (count: number) => (told: z.infer<typeof notice>[]) =>
  told.length === count && told.every(({ status }) => status === "SENT");

test("who has said nothing gets an e-mail in English, or finds the notice in the app", async () => {
  const { sub, client } = await newcomer();
  expect(content(await read(client))).toEqual({ customerId: sub, ...DEFAULT });
  const withMail = await confirmed(client, { email: "nina@example.com" }, allSent(1));
  expect(shown(withMail.told)).toEqual([["order_confirmed", "email", "SENT"]]);
  expect(await mails(withMail.id)).toMatchObject([
    {
      channel: "email",
      message_id: `<${withMail.id}.order_confirmed.email@genai-demo>`,
      recipient: "nina@example.com",
      subject: `Your order ${withMail.id} is confirmed`,
    },
  ]);
  const without = await confirmed(client, {}, allSent(1));
  expect(shown(without.told)).toEqual([["order_confirmed", "in_app", "SENT"]]);
  expect(without.told[0]?.subject).toBe(`Your order ${without.id} is confirmed`);
  expect(await mails(without.id)).toEqual([]);
});

test("who wishes so is told in Chinese, by SMS and in the app, once each", async () => {
  const { client } = await newcomer();
  const wishes = { language: "zh-TW", channels: ["sms", "in_app"], phone: PHONE };
  expect(content(await set(client, wishes))).toMatchObject({ ...wishes, fallback: "in_app", device: null });
  const { id, told } = await confirmed(client, { email: "nina@example.com" }, allSent(2));
  expect(shown(told)).toEqual([
    ["order_confirmed", "sms", "SENT"],
    ["order_confirmed", "in_app", "SENT"],
  ]);
  expect(told.map(({ subject }) => subject)).toEqual(Array.from({ length: 2 }, () => `您的訂單 ${id} 已確認`));
  expect(await mails(id)).toMatchObject([
    { channel: "sms", message_id: `<${id}.order_confirmed.sms@genai-demo>`, recipient: PHONE },
  ]);
});

test("in quiet hours nothing is sent, and the app has it all the same", async () => {
  const { client } = await newcomer();
  const clock = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
  const quietHours = { from: clock(-2), to: clock(2), timeZone: "UTC" };
  content(await set(client, { channels: ["push", "in_app"], device: "d-1", quietHours }));
  const { id, told } = await confirmed(client, {}, (all) => all.length === 2);
  expect(shown(told)).toEqual([
    ["order_confirmed", "push", "PENDING"],
    ["order_confirmed", "in_app", "SENT"],
  ]);
  expect(await mails(id)).toEqual([]);
});

test("a channel without an address is passed over, never the notice", async () => {
  const { client } = await newcomer();
  content(await set(client, { channels: ["sms", "push"], fallback: null }));
  const { told } = await confirmed(client, {}, allSent(1));
  expect(shown(told)).toEqual([["order_confirmed", "in_app", "SENT"]]);
});

test("preferences are the customer's own, and operators read and set those of whom they name", async () => {
  const [nina, mallory] = [await newcomer(), await newcomer()];
  const named = `?customerId=${nina.sub}`;
  content(await set(nina.client, { language: "zh-TW" }));
  expect((await read(platform.guest())).status).toBe(401);
  expect(content(await read(nina.client, named))).toEqual(content(await read(nina.client)));
  for (const answer of [await read(mallory.client, named), await set(mallory.client, {}, named)])
    expect(problemOf(answer).status).toBe(404);
  expect(content(await read(operator, named))).toMatchObject({ customerId: nina.sub, language: "zh-TW" });
  for (const answer of [await read(operator), await set(operator, {})])
    expect([answer.status, problemOf(answer).errors?.map(({ field }) => field)]).toEqual([400, ["query.customerId"]]);
  const reader = createClient(
    platform.process.url,
    await tokenOf(platform.dataDir, "operator", "otto", ["notification:read"]),
  );
  expect(content(await read(reader, named))).toMatchObject({ language: "zh-TW" });
  expect((await set(reader, {}, named)).status).toBe(403);
  // What is left out is as by default again.
  expect(content(await set(operator, { phone: PHONE }, named))).toEqual({
    customerId: nina.sub,
    ...DEFAULT,
    phone: PHONE,
  });
  expect(content(await read(nina.client))).toMatchObject({ language: "en", phone: PHONE });
});

test("of preferences that are set at once, one holds, and nobody is turned away", async () => {
  const { client } = await newcomer();
  const phones = Array.from({ length: 12 }, (_, index) => `+88691234560${String(index).padStart(2, "0")}`);
  const answers = await Promise.all(phones.map((phone) => set(client, { phone })));
  expect(answers.map(({ status }) => status)).toEqual(phones.map(() => 200));
  expect(phones).toContain(z.object({ phone: z.string() }).parse(content(await read(client))).phone);
});

test.each([
  [{ language: "de" }, "body.language"],
  [{ channels: [] }, "body.channels"],
  [{ channels: ["fax"] }, "body.channels.0"],
  [{ fallback: "pigeon" }, "body.fallback"],
  [{ phone: "12345" }, "body.phone"],
  [{ device: "a b" }, "body.device"],
  [{ quietHours: { from: "24:00", to: "07:00", timeZone: "UTC" } }, "body.quietHours.from"],
  [{ quietHours: { from: "22:00", to: "07:00", timeZone: "Mars/Base" } }, "body.quietHours.timeZone"],
  [{ colour: "red" }, "body.colour"],
])("%o is refused by its field", async (body, field) => {
  const { client } = await newcomer();
  const answer = await set(client, body);
  expect([answer.status, problemOf(answer).errors?.map((each) => each.field)]).toEqual([400, [field]]);
});
