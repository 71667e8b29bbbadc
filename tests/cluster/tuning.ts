/**
 * An overlay's objects as they are applied here: those of one workload with another image, with what a test must not wait
 * minutes for made short, and with CloudWatch, which is asked after a promotion, replaced by a server of the test.
 */
import * as z from "zod";
import { type Document, kindOf, nameOf } from "../kubernetes/document.ts";

export interface Tuning {
  /** Of the Rollout. */
  readonly workload: string;
  readonly image: string;
  /** Beside what its pods' environment has. */
  readonly environment: Readonly<Record<string, string>>;
  readonly scaleDownSeconds: number;
  /** Answers as CloudWatch does. */
  readonly metricsUrl: string;
}

const container = z.looseObject({ image: z.string(), env: z.array(z.unknown()).default([]) });
const rollout = z.looseObject({
  spec: z.looseObject({
    strategy: z.looseObject({
      blueGreen: z.looseObject({
        scaleDownDelaySeconds: z.number(),
        abortScaleDownDelaySeconds: z.number(),
        postPromotionAnalysis: z.looseObject({
          templates: z.array(z.looseObject({ templateName: z.string() })).min(1),
        }),
      }),
    }),
    template: z.looseObject({ spec: z.looseObject({ containers: z.tuple([container], z.unknown()) }) }),
  }),
});
const metric = z.looseObject({ provider: z.looseObject({ cloudWatch: z.unknown() }) });
const analysisTemplate = z.looseObject({ spec: z.looseObject({ metrics: z.array(metric).min(1) }) });
/** Soon enough that a bad release is found within seconds, and not before its process has taken over. */
const ASKED = { initialDelay: "5s", interval: "1s", count: 3 };

/** The objects, tuned. Throws where they are not what is to be tuned. */
export function tuned(objects: readonly Document[], tuning: Tuning): readonly Document[] {
  const found = objects.find((object) => kindOf(object) === "Rollout" && nameOf(object) === tuning.workload);
  if (found === undefined) throw new Error(`there is no Rollout ${tuning.workload}`);
  const { templates } = rollout.parse(found).spec.strategy.blueGreen.postPromotionAnalysis;
  const judges = templates.map(({ templateName }) => templateName);
  return objects.map((object) => {
    if (object === found) return tunedRollout(rollout.parse(object), tuning);
    return kindOf(object) === "AnalysisTemplate" && judges.includes(nameOf(object))
      ? tunedAnalysis(analysisTemplate.parse(object), tuning)
      : object;
  });
}

function tunedRollout(object: z.infer<typeof rollout>, { image, environment, scaleDownSeconds }: Tuning): Document {
  const { strategy, template, ...spec } = object.spec;
  const [app, ...others] = template.spec.containers;
  const env = [...app.env, ...Object.entries(environment).map(([name, value]) => ({ name, value }))];
  const delays = { scaleDownDelaySeconds: scaleDownSeconds, abortScaleDownDelaySeconds: scaleDownSeconds };
  return {
    ...object,
    spec: {
      ...spec,
      strategy: { ...strategy, blueGreen: { ...strategy.blueGreen, ...delays } },
      template: { ...template, spec: { ...template.spec, containers: [{ ...app, image, env }, ...others] } },
    },
  };
}

function tunedAnalysis(object: z.infer<typeof analysisTemplate>, { metricsUrl }: Tuning): Document {
  const web = { url: metricsUrl, jsonPath: "{$.MetricDataResults}" };
  const metrics = object.spec.metrics.map((each) => ({ ...each, ...ASKED, provider: { web } }));
  return { ...object, spec: { ...object.spec, metrics } };
}
