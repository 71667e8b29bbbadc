import { describe, expect, spyOn, test } from "bun:test";
import { UsageError } from "./arguments.ts";
import { run } from "./deadletters.ts";
import { OperatorError } from "./operator-client.ts";

const failure = (...args: string[]) =>
  run([...args, "--token", "t", "--url", "http://127.0.0.1:1"]).then(
    () => "no failure",
    (error: unknown) => error,
  );

describe("deadletters", () => {
  test.each([
    [[], "give list, show, replay or discard"],
    [["delete", "x"], "give list, show, replay or discard"],
    [["list", "x"], "takes no ID"],
    [["show"], "give one ID"],
    [["show", "x", "y"], "give one ID"],
    [["replay"], "the IDs of letters, or --module"],
    [["replay", "x", "--all"], "the IDs of letters, or --module"],
    [["discard", "x"], "needs --reason"],
    [["discard", "x", "--reason", "  "], "needs --reason"],
    [["discard", "x", "--reason", "r".repeat(501)], "needs --reason"],
    [["discard", "--reason", "r"], "give one ID"],
    [["list", "--reason", "r"], "--reason belongs to deadletters discard"],
    [["replay", "x", "--module", "order"], "the IDs of letters, or --module"],
    [["replay", "--all", "--type", "T"], "the IDs of letters, or --module"],
    [["show", "x", "--key", "k"], "--key belongs to deadletters list and replay"],
    [["discard", "x", "--parked", "threw", "--reason", "r"], "--parked belongs to deadletters list and replay"],
    [["show", "x", "--all"], "--all belongs to deadletters replay"],
    [["list", "--nonsense"], "--nonsense"],
  ])("%p is refused with one line", async (args, said) => {
    const error = await failure(...args);
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toContain(said);
    expect(String(error)).not.toContain("\n");
  });

  test("says what to do when no platform answers, and then nothing holds", async () => {
    for (const args of [["list"], ["show", "x"], ["replay", "--all"], ["discard", "x", "--reason", "r"]])
      expect(await failure(...args)).toBeInstanceOf(OperatorError);
    expect(await failure("replay", "x", "y")).toBeInstanceOf(OperatorError);
  });
});

/** A letter as the platform tells it. */
const letter = (sequence: number, reason: "threw" | "rejected" | "behind", error: string) => ({
  id: `order:k:t:${sequence}`,
  module: "order",
  key: "k",
  source: "t",
  sequence,
  reason,
  error,
  parkedAt: "2026-01-01T00:00:00.000Z",
});
type Letter = ReturnType<typeof letter>;
const report = (id: string, released: readonly string[], left: readonly Letter[], pending = false) => ({
  id,
  released,
  releasedCount: released.length,
  left,
  leftCount: left.length,
  state: left.some((each) => each.id === id) ? "parked" : "gone",
  pending,
});

/** Runs the command against a platform that gives these answers, one a request. */
async function against(answers: readonly unknown[], ...args: string[]) {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname, search } = new URL(request.url);
      asked.push(decodeURIComponent(pathname.replace("/api/v1/ops/deadletters/", "") + search));
      const answer = answers[asked.length - 1];
      return answer instanceof Response ? answer : Response.json(answer);
    },
  });
  const printed: string[] = [];
  const complained: string[] = [];
  const complain = spyOn(console, "error").mockImplementation((line: string) => complained.push(line));
  const log = spyOn(console, "log").mockImplementation((line: string) => printed.push(line));
  try {
    const code = await run([...args, "--token", "t", "--url", server.url.origin]);
    return { code, asked, printed: printed.join("\n"), complained };
  } finally {
    complain.mockRestore();
    log.mockRestore();
    await server.stop(true);
  }
}

describe("a replay that its time cut short", () => {
  const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `order:k:t:${from + i}`);

  test("is asked for again from what is left, until nothing is", async () => {
    const answers = [
      report("order:k:t:1", ids(1, 2), [letter(3, "behind", "an earlier one is parked")]),
      report("order:k:t:3", ids(3, 3), []),
    ];
    const { code, asked, printed } = await against(answers, "replay", "order:k:t:1");
    expect([code, asked]).toEqual([0, ["order:k:t:1/replay", "order:k:t:3/replay"]]);
    expect(printed).toBe("released    order:k:t:1\nreleased    order:k:t:2\nreleased    order:k:t:3");
  });

  test("or until one is left that cannot be handled, which is told once", async () => {
    const left = [letter(3, "threw", "Error: still broken")];
    const answers = [report("order:k:t:1", ids(1, 2), left), report("order:k:t:3", [], left)];
    const { code, asked, printed } = await against(answers, "replay", "order:k:t:1");
    expect([code, asked.length]).toEqual([1, 2]);
    expect(printed.match(/still there/g)).toHaveLength(1);
  });

  test("is not asked for again while it goes on by itself", async () => {
    const answers = [report("order:k:t:1", ids(1, 1), [letter(2, "behind", "an earlier one is parked")], true)];
    const { code, asked, printed } = await against(answers, "replay", "order:k:t:1");
    expect([code, asked.length]).toEqual([1, 1]);
    expect(printed).toContain("not over yet");
  });
});

describe("a replay while another operator replays as well", () => {
  const gone = () => Response.json({ detail: "There is no dead letter." }, { status: 404 });
  const other = { ...letter(1, "threw", "e"), id: "payment:k:t:1" };
  const page = { items: [letter(1, "threw", "e"), other], nextCursor: null };

  test("of all: what is gone meanwhile is done", async () => {
    const answers = [page, gone(), report("payment:k:t:1", ["payment:k:t:1"], [])];
    const { code, asked, complained } = await against(answers, "replay", "--all");
    expect([code, asked.length, complained]).toEqual([0, 3, []]);
  });

  test("of one: what was behind it and is gone meanwhile is done, what was never there is told", async () => {
    const left = [letter(2, "behind", "an earlier one is parked")];
    const done = await against([report("order:k:t:1", ["order:k:t:1"], left), gone()], "replay", "order:k:t:1");
    expect([done.code, done.complained]).toEqual([0, []]);
    const unknown = await against([gone()], "replay", "order:k:t:1");
    expect([unknown.code, unknown.complained]).toEqual([1, [expect.stringContaining("There is no dead letter.")]]);
  });

  test("a letter that cannot be released now does not keep the next from its turn", async () => {
    const away = Response.json({ detail: "No answer from order." }, { status: 503 });
    const answers = [page, away, report("payment:k:t:1", ["payment:k:t:1"], [])];
    const { code, asked, complained } = await against(answers, "replay", "--all");
    expect([code, asked.length, complained.length]).toEqual([1, 3, 1]);
  });

  test("it stops at the first answer that cannot be had", async () => {
    const denied = () => Response.json({ detail: "No." }, { status: 403 });
    const error = await against([page, denied(), denied()], "replay", "--all").catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("403 No.");
  });
});

describe("a selection", () => {
  const filter = ["--module", "order", "--key", "k", "--type", "T", "--parked", "threw"];
  const query = "/api/v1/ops/deadletters?module=order&key=k&type=T&reason=threw";
  const first = { items: [letter(1, "threw", "e")], nextCursor: "next" };
  const second = { items: [letter(2, "threw", "e")], nextCursor: null };

  test("is listed, over all pages", async () => {
    const { code, asked, printed } = await against([first, second], "list", ...filter);
    expect([code, asked]).toEqual([0, [query, `${query}&cursor=next`]]);
    expect(printed).toEndWith("2 dead letters");
  });

  test("is replayed, each topic and key once", async () => {
    const answers = [first, second, report("order:k:t:1", ["order:k:t:1", "order:k:t:2"], [])];
    const { code, asked } = await against(answers, "replay", ...filter);
    expect([code, asked]).toEqual([0, [query, `${query}&cursor=next`, "order:k:t:1/replay"]]);
  });

  test("by something empty is the platform's to refuse: it is not everything", async () => {
    const refused = Response.json({ detail: "The type is too short." }, { status: 400 });
    const error = await against([refused], "replay", "--type", "").catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("too short");
  });

  test("that matches nothing is told so, and nothing is replayed", async () => {
    const { code, asked, printed } = await against([{ items: [], nextCursor: null }], "replay", "--key", "k");
    expect([code, asked.length, printed]).toEqual([0, 1, "no dead letters"]);
  });
});

test("a letter that was not discarded is told with the reason, and whether it goes on", async () => {
  const id = "order:k:t:1";
  const left = [letter(1, "rejected", "value out of range")];
  const refused = await against([report(id, [], left)], "discard", id, "--reason", "r");
  expect([refused.code, refused.printed]).toEqual([1, `not discarded ${id}\n            rejected: value out of range`]);
  const slow = await against([report(id, [], left, true)], "discard", id, "--reason", "r");
  expect([slow.code, slow.printed]).toEqual([1, `not discarded yet ${id}\n            it goes on`]);
});
