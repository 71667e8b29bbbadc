/** Every check of what an overlay is rendered to. */
import { analysisChecks } from "./analysis-checks.ts";
import { budgetChecks } from "./budget-checks.ts";
import { type Check, everything } from "./check.ts";
import { configurationChecks } from "./configuration-checks.ts";
import { networkChecks } from "./network-checks.ts";
import { podChecks } from "./pod-checks.ts";
import { providerChecks } from "./provider-checks.ts";
import { referenceChecks } from "./reference-checks.ts";
import { rolloutChecks } from "./rollout-checks.ts";
import { servedChecks } from "./served-checks.ts";
import { startChecks } from "./start-checks.ts";
import { valueChecks } from "./value-checks.ts";

export const CHECKS: readonly Check[] = [
  {
    name: "is what an API server and its controllers take, field by field",
    judge: (overlay, { schemas }) => everything(overlay).flatMap(schemas),
  },
  ...referenceChecks,
  ...valueChecks,
  ...podChecks,
  ...startChecks,
  ...rolloutChecks,
  ...analysisChecks,
  ...servedChecks,
  ...budgetChecks,
  ...networkChecks,
  ...configurationChecks,
  ...providerChecks,
];
