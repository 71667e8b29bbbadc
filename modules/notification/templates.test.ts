import { expect, test } from "bun:test";
import { noticeKinds } from "./notice.ts";
import { messageIdOf } from "./sender.ts";
import { textOf } from "./templates.ts";

const ORDER = "01900000-0000-7000-8000-000000000001";

test.each([...noticeKinds])("the text of %s names the order, on one line of subject, and leaves no gap", (kind) => {
  const { subject, body } = textOf(kind, ORDER);
  expect(subject).toContain(ORDER);
  expect(subject).not.toMatch(/[\r\n]/);
  expect(body).toContain(`Order ${ORDER} `);
  expect(`${subject}${body}`).not.toMatch(/undefined|null|\$\{|\{\{/);
});

test("each kind has words of its own", () => {
  expect(new Set(noticeKinds.map((kind) => textOf(kind, ORDER).subject)).size).toBe(noticeKinds.length);
});

test("a notice's Message-ID never changes", () => {
  expect(messageIdOf(ORDER, "order_confirmed")).toBe(`<${ORDER}.order_confirmed.email@genai-demo>`);
});
