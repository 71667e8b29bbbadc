import { expect, test } from "bun:test";
import { at, type Document } from "../kubernetes/document.ts";
import { tuned } from "./tuning.ts";

const ROLLOUT: Document = {
  kind: "Rollout",
  metadata: { name: "order" },
  spec: {
    revisionHistoryLimit: 3,
    strategy: {
      blueGreen: {
        activeService: "order",
        scaleDownDelaySeconds: 120,
        abortScaleDownDelaySeconds: 60,
        postPromotionAnalysis: { templates: [{ templateName: "order-success-rate" }] },
      },
    },
    template: {
      metadata: { labels: { name: "order" } },
      spec: {
        serviceAccountName: "order",
        containers: [{ name: "app", image: "old", args: ["serve"], env: [{ name: "A", value: "1" }] }],
      },
    },
  },
};
const judge = (name: string): Document => ({
  kind: "AnalysisTemplate",
  metadata: { name },
  spec: {
    metrics: [
      { name: "order", interval: "60s", successCondition: "result < 1", provider: { cloudWatch: { interval: 1 } } },
    ],
  },
});
const OTHER: Document = { kind: "Service", metadata: { name: "order" } };
const TUNING = {
  workload: "order",
  image: "new",
  environment: { B: "2" },
  scaleDownSeconds: 7,
  metricsUrl: "http://127.0.0.1:1/",
};

test("the workload's image, delays and judge are another, and nothing else is", () => {
  const [rollout, own, others, service] = tuned(
    [ROLLOUT, judge("order-success-rate"), judge("pricing-success-rate"), OTHER],
    TUNING,
  );
  const blueGreen = at(rollout, "spec", "strategy", "blueGreen");
  expect([at(blueGreen, "scaleDownDelaySeconds"), at(blueGreen, "abortScaleDownDelaySeconds")]).toEqual([7, 7]);
  expect([at(blueGreen, "activeService"), at(rollout, "spec", "revisionHistoryLimit")]).toEqual(["order", 3]);
  expect(at(rollout, "spec", "template")).toEqual({
    metadata: { labels: { name: "order" } },
    spec: {
      serviceAccountName: "order",
      containers: [
        {
          name: "app",
          image: "new",
          args: ["serve"],
          env: [
            { name: "A", value: "1" },
            { name: "B", value: "2" },
          ],
        },
      ],
    },
  });
  const metric = at(own, "spec", "metrics", 0);
  expect(at(metric, "provider")).toEqual({ web: { url: "http://127.0.0.1:1/", jsonPath: "{$.MetricDataResults}" } });
  expect(at(metric, "successCondition")).toBe("result < 1");
  expect([others, service]).toEqual([judge("pricing-success-rate"), OTHER]);
});

test("objects that are not what is to be tuned are refused", () => {
  expect(() => tuned([OTHER], TUNING)).toThrow("there is no Rollout order");
  const unjudged = { ...ROLLOUT, spec: { strategy: { blueGreen: {} } } };
  expect(() => tuned([unjudged], TUNING)).toThrow();
  expect(() => tuned([ROLLOUT, { ...judge("order-success-rate"), spec: { metrics: [] } }], TUNING)).toThrow();
});
