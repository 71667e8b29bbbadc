import { expect, test } from "bun:test";
import { until } from "../until.fixture.ts";
import { parkedKey, sequences } from "./letters.fixture.ts";
import { incoming, testBench } from "./replicas.fixture.ts";

const bench = testBench();

test("a letter goes away once its message has been handled, and no other one does", async () => {
  const [outrun, standing] = [await parkedKey(bench, ["behind"]), await parkedKey(bench, ["behind"])];
  const mended = await bench.replica({ mended: true });
  // Its transport delivers it again.
  await mended.deliver(incoming(outrun, 2, { name: "poison" }));
  expect(await bench.effects(outrun)).toEqual(["good", "poison"]);
  await mended.stop();
  await bench.replica({ mended: true });
  await until("the letter is gone", async () => !(await sequences(bench, outrun)).includes(2));
  // Its turn has come, but only an operator lets it go.
  expect(await sequences(bench, outrun)).toEqual([3]);
  expect(await sequences(bench, standing)).toEqual([2, 3]);
  expect(await bench.effects(standing)).toEqual(["good"]);
});
