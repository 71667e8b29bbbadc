import { expect, test } from "bun:test";
import * as z from "zod";
import { metricsBench } from "../telemetry/metrics/metrics.fixture.ts";
import { handlerWith, httpFor } from "./http.fixture.ts";
import { countTurnedAway } from "./measure-requests.ts";
import { ProblemError, problem } from "./problem.ts";
import { route } from "./route.ts";

const thing = (pass: (seconds: number) => void) =>
  route({
    method: "GET",
    path: "/api/v1/things/{id}",
    rights: { callers: "anyone", object: "shared" },
    tag: "things",
    summary: "Reads",
    params: z.strictObject({ id: z.string() }),
    responses: { 200: { description: "It.", schema: z.strictObject({}) } },
    async handle({ params: { id } }) {
      pass(2);
      if (id === "broken") throw new Error("a bug");
      if (id === "unknown") throw new ProblemError(problem("not-found", "It is not there."));
      return { status: 200, body: {} };
    },
  });

test("requests of a route are measured by their template and the class of their status, whatever their path holds", async () => {
  const { metrics, pass, samples } = metricsBench();
  const ask = handlerWith([thing(pass)], { ...httpFor({}, () => undefined), metrics });
  for (const id of ["1", "2", "alice@example.com", "unknown", "broken"])
    await ask(new Request(`http://localhost/api/v1/things/${id}`));
  await ask(new Request("http://localhost/api/v1/things/3", { method: "HEAD" }));
  for (const nowhere of ["/api/v1/things/1/nothing", "/wp-login.php"])
    await ask(new Request(`http://localhost${nowhere}`));
  const labels = 'module="things",route="/api/v1/things/{id}",method="GET"';
  const lines = (await samples()).filter((line) => /_(sum|count)\{/.test(line));
  expect(lines).toEqual(
    [
      ["2xx", 4],
      ["4xx", 1],
      ["5xx", 1],
    ].flatMap(([status, count]) => [
      `http_server_request_duration_seconds_sum{${labels},status="${status}"} ${Number(count) * 2}`,
      `http_server_request_duration_seconds_count{${labels},status="${status}"} ${count}`,
    ]),
  );
});

test("what is turned away is counted, and only that", async () => {
  const { metrics, samples } = metricsBench();
  const refusal = new Response(null, { status: 503 });
  const turnedAway = countTurnedAway(({ method }) => (method === "POST" ? refusal : undefined), metrics);
  expect(turnedAway(new Request("http://localhost/", { method: "POST" }))).toBe(refusal);
  expect(turnedAway(new Request("http://localhost/"))).toBeUndefined();
  expect(await samples()).toEqual(["http_server_requests_turned_away_total 1"]);
});
