import { expect, test } from "bun:test";
import { languages } from "./language.ts";
import { noticeKinds } from "./notice.ts";
import { messageIdOf } from "./sender.ts";
import { textOf } from "./templates.ts";

const ORDER = "01900000-0000-7000-8000-000000000001";
const all = languages.flatMap((language) => noticeKinds.map((kind) => [language, kind] as const));

test.each(all)("the %s text of %s names the order, on one line of subject, and leaves no gap", (language, kind) => {
  const { subject, body } = textOf(kind, language, ORDER);
  expect(subject).toContain(ORDER);
  expect(subject).not.toMatch(/[\r\n]/);
  expect(body).toContain(` ${ORDER} `);
  expect(`${subject}${body}`).not.toMatch(/undefined|null|\$\{|\{\{/);
});

test("each kind has words of its own, in each language", () => {
  expect(new Set(all.map(([language, kind]) => textOf(kind, language, ORDER).subject)).size).toBe(all.length);
});

test("no word is left in the other language", () => {
  for (const kind of noticeKinds) {
    const text = (language: (typeof languages)[number]) => Object.values(textOf(kind, language, "#")).join();
    expect(text("en")).not.toMatch(/[\p{Script=Han}]/u);
    expect(text("zh-TW")).not.toMatch(/[a-z]/i);
  }
});

test("a notice's Message-ID never changes", () => {
  expect(messageIdOf(ORDER, "order_confirmed", "email")).toBe(`<${ORDER}.order_confirmed.email@genai-demo>`);
  expect(messageIdOf(ORDER, "order_confirmed", "sms")).toBe(`<${ORDER}.order_confirmed.sms@genai-demo>`);
});
