/** Whether an analysis can fail: one that passes whatever happens looks the same until it is needed. */
import { flags as smokeFlags } from "../../runtime/cli/smoke.ts";
import type { Check } from "./check.ts";
import { at, type Document, listAt, mapAt, nameOf, numberAt, ofKind, textAt, textsAt, titleOf } from "./document.ts";
import type { Overlay } from "./overlays.ts";
import { settingsOf } from "./pods.ts";

export const analysisChecks: readonly Check[] = [
  { name: "heeds what each analysis finds, and asks it once and for good", judge: heededFaults },
  { name: "lets the smoke job ask the preview that it is told of, for its workload's modules", judge: smokeFaults },
  { name: "goes back when more than 1 % of the requests fail, within minutes", judge: successFaults },
  { name: "goes on with a rollout, and keeps what it goes back to", judge: goesOnFaults },
];

const rollouts = ({ objects }: Overlay) => ofKind(objects, "Rollout");
const blueGreen = (rollout: Document) => mapAt(rollout, "spec", "strategy", "blueGreen");
const templates = ({ objects }: Overlay) => ofKind(objects, "AnalysisTemplate");

function heededFaults(overlay: Overlay): readonly string[] {
  return [
    ...rollouts(overlay).flatMap((rollout) =>
      ["prePromotionAnalysis", "postPromotionAnalysis"].flatMap((part) =>
        at(blueGreen(rollout), part, "dryRun") === undefined
          ? []
          : [`${titleOf(rollout)}: dryRun of its ${part} passes whatever is found`],
      ),
    ),
    ...templates(overlay).flatMap((template) => [
      ...(at(template, "spec", "dryRun") === undefined
        ? []
        : [`${titleOf(template)}: dryRun passes whatever is found`]),
      ...listAt(template, "spec", "metrics").flatMap((metric) => [
        ...(numberAt(metric, "failureLimit") === 0
          ? []
          : [`${titleOf(template)}: failureLimit of ${textAt(metric, "name")} must be 0: one failure is one`]),
        ...((numberAt(metric, "count") ?? 0) >= 1
          ? []
          : [`${titleOf(template)}: ${textAt(metric, "name")} has no count, so it never ends`]),
      ]),
    ]),
  ];
}

function smokeFaults(overlay: Overlay): readonly string[] {
  return [
    ...templates(overlay).flatMap((template) =>
      listAt(template, "spec", "metrics").flatMap((metric) => {
        const job = at(metric, "provider", "job", "spec");
        if (job === undefined) return [];
        const title = titleOf(template);
        const args = textsAt(listAt(job, "template", "spec", "containers")[0], "args").slice(1);
        const wanted = ["--url=http://{{args.service}}:8080", "--modules={{args.modules}}"];
        const flags = args.map((text) => /^--([a-z]+)=/.exec(text)?.[1] ?? text);
        const within = Number(/--within=(\d+)/.exec(args.join(" "))?.[1] ?? 60);
        const seconds = numberAt(job, "activeDeadlineSeconds") ?? 0;
        return [
          ...wanted.flatMap((text) => (args.includes(text) ? [] : [`${title}: must be told ${text}`])),
          ...flags.flatMap((flag) => (Object.hasOwn(smokeFlags, flag) ? [] : [`${title}: smoke knows no ${flag}`])),
          // What hangs then is asked once more each, for five seconds.
          ...(seconds >= within + 60
            ? []
            : [`${title}: the job is ended after ${seconds} s, and smoke may take ${within} s and its last answers`]),
          ...(numberAt(job, "backoffLimit") === 0
            ? []
            : [`${title}: backoffLimit must be 0: smoke tries again itself`]),
        ];
      }),
    ),
    ...rollouts(overlay).flatMap((rollout) => {
      const [container = {}] = listAt(rollout, "spec", "template", "spec", "containers");
      const modules = settingsOf(container, overlay.objects)["MODULES"] ?? "";
      const given = listAt(blueGreen(rollout), "prePromotionAnalysis", "args").find(
        (argument) => textAt(argument, "name") === "modules",
      );
      return textAt(given, "value") === modules
        ? []
        : [`${titleOf(rollout)}: smoke asks for ${textAt(given, "value") || "no modules"}, and it runs ${modules}`];
    }),
  ];
}

/** At most so many may fail, of at least so many requests (docs/kubernetes.md). */
const CONDITION = "len(result) == 0 || all(result[0].Values, {# <= 0.01})";
const EXPRESSION = "IF(requests >= 20, SUM([errors, TIME_SERIES(0)]) / requests, 0)";
const LONGEST_SECONDS = 15 * 60;

function successFaults(overlay: Overlay): readonly string[] {
  return templates(overlay).flatMap((template) =>
    listAt(template, "spec", "metrics").flatMap((metric) => {
      if (at(metric, "provider", "cloudWatch") === undefined) return [];
      const title = `${titleOf(template)}, ${textAt(metric, "name")}`;
      const [judged, ...others] = listAt(metric, "provider", "cloudWatch", "metricDataQueries").filter(
        (query) => query["returnData"] !== false,
      );
      const lasts = seconds(metric["initialDelay"]) + (numberAt(metric, "count") ?? 0) * seconds(metric["interval"]);
      const isJudged = textAt(metric, "successCondition") === CONDITION && metric["failureCondition"] === undefined;
      return [
        ...(isJudged ? [] : [`${title}: is judged by something else than ${CONDITION}`]),
        ...(textAt(judged, "expression") === EXPRESSION && others.length === 0
          ? []
          : [`${title}: counts something else than ${EXPRESSION}`]),
        ...(lasts > 0 && lasts <= LONGEST_SECONDS
          ? []
          : [`${title}: takes ${lasts} s, and the old colour waits for it`]),
      ];
    }),
  );
}

/** Of `90s` or `3m`; anything else is as long as never. */
function seconds(text: unknown): number {
  const [, number, unit] = /^(\d+)([sm])$/.exec(String(text)) ?? [];
  return number === undefined ? Number.POSITIVE_INFINITY : Number(number) * (unit === "m" ? 60 : 1);
}

/** A process starts, and a node for it, within so long. */
const LEAST_PROGRESS_SECONDS = 300;

function goesOnFaults(overlay: Overlay): readonly string[] {
  return rollouts(overlay).flatMap((rollout) => {
    const strategy = blueGreen(rollout);
    const faults: readonly (readonly [isWrong: boolean, fault: string])[] = [
      [at(rollout, "spec", "paused") === true, "paused: nothing is rolled out"],
      [(numberAt(rollout, "spec", "minReadySeconds") ?? 0) > 60, "minReadySeconds: the preview is waited for too long"],
      [
        (numberAt(rollout, "spec", "progressDeadlineSeconds") ?? 600) < LEAST_PROGRESS_SECONDS,
        `progressDeadlineSeconds: a preview for which a node is made takes up to ${LEAST_PROGRESS_SECONDS} s`,
      ],
      [numberAt(rollout, "spec", "revisionHistoryLimit") === 0, "revisionHistoryLimit: there is nothing to go back to"],
      [
        numberAt(strategy, "abortScaleDownDelaySeconds") === 0,
        "abortScaleDownDelaySeconds is 0: what was aborted never goes, and keeps its connections",
      ],
      [
        strategy["scaleDownDelayRevisionLimit"] !== undefined,
        "scaleDownDelayRevisionLimit: the old colour may go before its time",
      ],
      ...["activeMetadata", "previewMetadata"].map(
        (field) =>
          [strategy[field] !== undefined, `${field} changes labels that policies and budgets select by`] as const,
      ),
      [
        at(strategy, "antiAffinity", "requiredDuringSchedulingIgnoredDuringExecution") !== undefined,
        "antiAffinity is required: a preview needs as many new nodes",
      ],
    ];
    return faults.flatMap(([isWrong, fault]) => (isWrong ? [`Rollout ${nameOf(rollout)}: ${fault}`] : []));
  });
}
