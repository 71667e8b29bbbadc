/**
 * What Parameter Store holds for this process, as the configuration takes it. A module's own path gives its own settings
 * by their short name (`/genai-demo/order/DATABASE_URL` is ORDER_DATABASE_URL) and settings of the process by their whole
 * one; so does the shared path. A module's path wins over the shared one, and two modules of one process must agree.
 *
 * All that is wrong is gathered, not thrown, so that a start can name it together with the environment's faults.
 */
import type { Clock } from "../clock.ts";
import type { ConfigFault, GivenParameter, GivenParameters } from "./load.ts";
import { type Parameter, ParameterFault, type ParameterSource } from "./parameter-source.ts";

/** The part of the path that all modules read. */
export const SHARED = "shared";

export interface ReadParameters {
  readonly parameters: GivenParameters;
  readonly faults: readonly ConfigFault[];
  /** Paths that no setting of this build is called by: another release's, it may be. */
  readonly unknown: readonly string[];
}

export interface ParameterPlan {
  /** PARAMETER_PATH. */
  readonly path: string;
  /** Whose paths are read, beside the shared one. */
  readonly modules: readonly string[];
  /** Every variable that a setting has. */
  readonly variables: ReadonlySet<string>;
}

/** With these the store is found, and what is read there: they come before it. */
const BEFORE_IT: ReadonlySet<string> = new Set(["PARAMETER_PATH", "AWS_REGION", "MODULES"]);

/** Reads every path of the plan, all of them within `patienceMs`. */
export async function readParameters(
  source: ParameterSource,
  plan: ParameterPlan,
  patienceMs: number,
  clock: Clock,
): Promise<ReadParameters> {
  const untilMs = clock.now() + patienceMs;
  const found = new Map<string, readonly Parameter[]>();
  const faults: ConfigFault[] = [];
  for (const owner of [SHARED, ...plan.modules]) {
    const path = `${plan.path}/${owner}`;
    try {
      found.set(owner, await source.read(path, Math.max(0, untilMs - clock.now())));
    } catch (error) {
      if (!(error instanceof ParameterFault)) throw error;
      faults.push({ setting: path, given: "", advice: error.message });
      // The next path would wait as long, and for the same.
      if (error.kind === "unavailable") break;
    }
  }
  return gather(plan, found, faults);
}

function gather(
  { path, variables }: ParameterPlan,
  found: ReadonlyMap<string, readonly Parameter[]>,
  faults: ConfigFault[],
): ReadParameters {
  const parameters = new Map<string, GivenParameter & { readonly owner: string }>();
  const unknown: string[] = [];
  // The shared path is the first: what comes after it replaces it.
  for (const [owner, list] of found)
    for (const { name, value, isSecure } of list) {
      const place = `${path}/${owner}/${name}`;
      const variable = variableOf(owner, name, variables);
      if (variable === null) {
        unknown.push(place);
        continue;
      }
      if (BEFORE_IT.has(variable)) {
        faults.push({ setting: place, given: "", advice: "can only be set in the environment: take it out." });
        continue;
      }
      const other = parameters.get(variable);
      if (other !== undefined && other.owner !== SHARED && other.text !== value)
        faults.push({
          setting: place,
          given: "",
          advice: `says something else than ${other.path}, and both are for this process: give them one value.`,
        });
      parameters.set(variable, { text: value, path: place, isSecure, owner });
    }
  return { parameters, faults, unknown };
}

function variableOf(owner: string, name: string, variables: ReadonlySet<string>): string | null {
  const own = `${owner.toUpperCase()}_${name}`;
  if (owner !== SHARED && variables.has(own)) return own;
  return variables.has(name) ? name : null;
}
