import { expect, test } from "bun:test";
import { createGroupedWork, type GroupLimits } from "./grouped-work.ts";

function recorded(limits?: GroupLimits) {
  const groups: (readonly number[])[] = [];
  let release: () => void = () => undefined;
  const work = async (requests: readonly number[]) => {
    groups.push(requests);
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    if (requests.includes(-1)) throw new Error("planted");
    return requests.map((request) => request * 10);
  };
  const ask = createGroupedWork(work, limits);
  const next = async () => {
    release();
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  return { groups, ask, next };
}

test("what comes while a group is under way forms the next one, up to the limit, in order", async () => {
  const { groups, ask, next } = recorded({ groupSize: 3, openLimit: 100 });
  const answers = [1, 2, 3, 4, 5].map(ask);
  await next();
  await next();
  await next();
  expect(groups).toEqual([[1], [2, 3, 4], [5]]);
  expect(await Promise.all(answers)).toEqual([10, 20, 30, 40, 50]);
});

test("a group that fails rejects each of its requests; the next group goes on", async () => {
  const { ask, next } = recorded();
  const answers = Promise.allSettled([ask(1), ask(-1), ask(2)]);
  await next();
  await next();
  const after = ask(4);
  await next();
  expect((await answers).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  expect(await after).toBe(40);
});

test("beyond the limit of open ones a request is rejected at once as unavailable, until a group has ended", async () => {
  const { groups, ask, next } = recorded({ groupSize: 1, openLimit: 2 });
  const answers = [ask(1), ask(2)];
  await expect(ask(3)).rejects.toMatchObject({ kind: "unavailable" });
  await next();
  const later = ask(4);
  await next();
  await next();
  expect([await Promise.all(answers), await later, groups]).toEqual([[10, 20], 40, [[1], [2], [4]]]);
});
