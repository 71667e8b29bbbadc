/**
 * The settings of a process that runs, as its parameters change. They are read again from time to time, with chance in
 * when. What the setting's declaration allows is taken at once, all of a reading or, where a part of it makes no sense,
 * nothing. Any other change is told once and waits for the next start. A reading that fails changes nothing, and is told
 * when it begins to fail and when it works again; the next one comes in its time.
 */
import { messageOf } from "../error-text.ts";
import type { Log } from "../log.ts";
import { fraction, type Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { ConfigError, type ConfigFault, type Environment, type GivenParameters, type Settings } from "./load.ts";
import type { ReadParameters } from "./read-parameters.ts";

export interface LiveConfig<C> {
  /** As it is now. */
  current(): C;
  /** Begins to read again. Call what it returns at the end. */
  watch(log: Log): () => void;
}

/** Of a process whose settings come from nowhere that changes. */
export const fixedConfig = <C>(config: C): LiveConfig<C> => ({ current: () => config, watch: () => () => undefined });

export interface LiveConfigDeps<C> {
  /** What the process has started with. */
  readonly config: C;
  readonly parameters: GivenParameters;
  readonly env: Environment;
  readonly settings: Settings;
  readonly intervalMs: number;
  readonly read: () => Promise<ReadParameters>;
  /** Throws a `ConfigError`. */
  readonly load: (parameters: GivenParameters) => C;
  readonly close: () => void;
  readonly scheduler: Scheduler;
  readonly random: Random;
}

export function createLiveConfig<C>(deps: LiveConfigDeps<C>): LiveConfig<C> {
  const { settings, env, scheduler } = deps;
  const declared = new Map(Object.values(settings).map((setting) => [setting.env, setting]));
  let { config, parameters } = deps;
  /** What was told to wait for a restart, so that each text of it is told once. */
  const waiting = new Map<string, string | undefined>();
  let problem: string | null = null;

  const isLive = (name: string, before: string, after: string) => {
    const { live = false } = declared.get(name) ?? {};
    return typeof live === "boolean" ? live : live(before, after);
  };

  function take(found: GivenParameters, log: Log): void {
    const taken = new Map(parameters);
    const changed: string[] = [];
    const late: string[] = [];
    for (const name of new Set([...parameters.keys(), ...found.keys()])) {
      const [before, after] = [parameters.get(name), found.get(name)];
      if (before?.text === after?.text) {
        waiting.delete(name);
        continue;
      }
      if (isLive(name, before?.text ?? env[name] ?? "", after?.text ?? env[name] ?? "")) {
        if (after === undefined) taken.delete(name);
        else taken.set(name, after);
        changed.push(name);
      } else if (!waiting.has(name) || waiting.get(name) !== after?.text) {
        waiting.set(name, after?.text);
        late.push(name);
      }
    }
    if (late.length > 0) log("warn", "parameters.waiting", { settings: late });
    if (changed.length === 0) return;
    config = deps.load(taken);
    parameters = taken;
    log("info", "parameters.changed", { settings: changed });
  }

  function tell(found: string | null, log: Log): void {
    if (found === problem) return;
    problem = found;
    if (found === null) log("info", "parameters.there", {});
    else log("warn", "parameters.away", { error: found });
  }

  async function refresh(log: Log): Promise<void> {
    try {
      const { parameters: found, faults } = await deps.read();
      if (faults.length === 0) take(found, log);
      tell(faults.length === 0 ? null : textOf(faults), log);
    } catch (error) {
      tell(error instanceof ConfigError ? error.message : messageOf(error), log);
    }
  }

  return {
    current: () => config,
    watch(log) {
      let isOver = false;
      let cancel: () => void = () => undefined;
      const next = () => {
        // A fifth sooner or later, so that a platform's processes do not ask at the same moment.
        const delayMs = deps.intervalMs * (0.8 + 0.4 * fraction(deps.random));
        cancel = scheduler.after(delayMs, () => void refresh(log).then(() => isOver || next()));
      };
      next();
      return () => {
        isOver = true;
        cancel();
        deps.close();
      };
    },
  };
}

const textOf = (faults: readonly ConfigFault[]) =>
  faults.map(({ setting, advice }) => `${setting}: ${advice}`).join("; ");
