import { describe, expect, test } from "bun:test";
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
    [["replay"], "the IDs of letters, or --all"],
    [["replay", "x", "--all"], "the IDs of letters, or --all"],
    [["discard", "x"], "needs --reason"],
    [["discard", "x", "--reason", "  "], "needs --reason"],
    [["discard", "x", "--reason", "r".repeat(501)], "needs --reason"],
    [["discard", "--reason", "r"], "give one ID"],
    [["list", "--reason", "r"], "--reason belongs to deadletters discard"],
    [["replay", "x", "--module", "order"], "--module belongs to deadletters list"],
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
    expect(await run(["replay", "x", "--token", "t", "--url", "http://127.0.0.1:1"])).toBe(1);
  });
});
