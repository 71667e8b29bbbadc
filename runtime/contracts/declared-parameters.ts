/**
 * What a cluster keeps in Parameter Store: settings that are secret or that only the environment's builder knows, as their
 * declarations say. A module's own stand under its path by their short name.
 */
import type { Setting } from "../config/load.ts";
import { allSettings } from "../config/platform-config.ts";
import { SHARED } from "../config/read-parameters.ts";
import type { ModuleFacts } from "../module.ts";

export interface DeclaredParameter {
  /** A module, or `shared`. */
  readonly owner: string;
  /** The last part of its path. */
  readonly name: string;
  /** The environment's name for the same setting. */
  readonly env: string;
  readonly secret: boolean;
  readonly needed: "always" | "split" | "never";
  readonly description: string;
}

/** Of all modules and of what they share, sorted. */
export function declaredParameters(
  modules: readonly Pick<ModuleFacts, "name" | "webhooksFrom">[],
): readonly DeclaredParameter[] {
  const settings: Readonly<Record<string, Setting<unknown>>> = allSettings({
    modules: modules.map(({ name }) => name),
    webhooksFrom: new Map(modules.flatMap(({ name, webhooksFrom }) => (webhooksFrom ? [[name, webhooksFrom]] : []))),
    mode: "serve",
    cwd: "/",
  });
  const found = Object.values(settings).flatMap(({ env, secret, parameter, description }): DeclaredParameter[] => {
    if (parameter === undefined) return [];
    const { of, needed } = parameter;
    if (of === "shared") return [{ owner: SHARED, name: env, env, secret, needed, description }];
    const owner = modules.find(({ name }) => env.startsWith(`${name.toUpperCase()}_`))?.name;
    if (owner === undefined) return [];
    return [{ owner, name: env.slice(owner.length + 1), env, secret, needed, description }];
  });
  const order = ({ owner, name }: DeclaredParameter) => `${owner} ${name}`;
  return found.sort((left, right) => (order(left) < order(right) ? -1 : 1));
}
