/** The release before and this one as one platform, under load: once forward and once back. `bun run bench rolling` does it again and again. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { registry } from "../../modules/registry.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { roll } from "./rolling.ts";

setDefaultTimeout(300_000);

test("rolling forward and back: no request fails, and everything that was begun ends right", async () => {
  const seed = Math.floor(Date.now() / 1000);
  const told = [`seed ${seed}`];
  const rolled = await provideOrSkip("rolling between two releases", () =>
    roll({ rounds: 2, seed, buyers: 6, progress: (line) => told.push(line) }),
  );
  if (!rolled) return;
  const { replacements, requests, failedRequests, orders, violations } = rolled;
  const found = {
    violations,
    failedRequests,
    replaced: replacements.length,
    late: replacements.filter(({ exitMs }) => exitMs > 10_000),
    // Else nothing was under way while processes came and went.
    tooFewOrders: orders < 10 * replacements.length,
    tooFewRequests: requests < orders,
  };
  expect([found, told]).toEqual([
    {
      violations: [],
      failedRequests: 0,
      replaced: 2 * registry.length,
      late: [],
      tooFewOrders: false,
      tooFewRequests: false,
    },
    expect.any(Array),
  ]);
});
