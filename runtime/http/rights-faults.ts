/** What is wrong with the rights that routes declare (rights.ts): such routes do not start. */
import { StartError } from "../start-error.ts";
import { objectOf, scopeOf } from "./rights.ts";
import type { RouteSpec } from "./route.ts";

const SCOPE = /^[a-z][a-z0-9]*:(read|write)$/;

/** Refuses routes that do not say who may call them, or contradict themselves, with one line that names all of it. */
export function checkRights(routes: readonly { readonly spec: RouteSpec }[]): void {
  const faults = routes.flatMap(({ spec }) => faultsOfRights(spec));
  if (faults.length > 0) throw new StartError(`The rights of these routes are not declared: ${faults.join("; ")}`);
}

/** What is wrong with a route's declaration, a line each. */
export function faultsOfRights(spec: RouteSpec): string[] {
  return whyNot(spec).map((fault) => `${spec.method} ${spec.path} ${fault}`);
}

function whyNot({ path, rights, query }: RouteSpec): string[] {
  // The types ask for all of this; whoever has silenced them must not get a route that is open.
  if (rights === undefined) return ["says not who may call it: declare its rights"];
  const { callers, object } = rights;
  const faults: string[] = [];
  const scope = scopeOf(rights);
  const isForOperators = callers === "operators" || callers === "customers and operators";
  if (isForOperators && !SCOPE.test(scope ?? ""))
    faults.push("is for operators and names no scope such as pricing:write");
  if (!isForOperators && scope !== undefined) faults.push(`asks nobody for its scope ${scope}: leave it out`);
  if (object === undefined) faults.push("says not whose object it is about");
  const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
  const owned = objectOf(rights);
  if (owned?.place === "path" && !inPath.includes(owned.parameter))
    faults.push(`is about the ${owned.noun} in {${owned.parameter}}, which its path has not`);
  if (owned !== undefined && owned.place !== "path" && !Object.hasOwn(query?.shape ?? {}, owned.parameter))
    faults.push(`is about the ${owned.noun} in ?${owned.parameter}=, which its query has not`);
  const isForCustomers = callers === "customers" || callers === "customers and operators";
  if (isForCustomers && inPath.length > 0 && owned?.place !== "path")
    faults.push(`says not whose {${inPath.join("}, {")}} is: declare the object that its path names`);
  return faults;
}
