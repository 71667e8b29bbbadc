/**
 * The matrix of rights: each route × everybody who may come by × whose object the request names. What must come of a
 * cell follows from the route's declaration alone; none of the platform's own judgements is asked.
 */
import * as z from "zod";
import { objectOf, scopeOf } from "../../runtime/http/rights.ts";
import type { RouteSpec } from "../../runtime/http/route.ts";
import type { Caller, Callers } from "./callers.ts";
import { OWNER } from "./callers.ts";

/** `refused` by what the token says; `hidden`: answered as if there were no such object. */
export type Outcome = "passes" | "unauthenticated" | "forbidden" | "hidden";

/** Whose object the request names. `no`: it leaves out the customer; `none`: the route is about no customer's object. */
export type Named = "the owner's" | "an unknown" | "no" | "none";

export interface Cell {
  readonly spec: RouteSpec;
  readonly caller: Caller;
  readonly named: Named;
  /** The value of the parameter that names the object. */
  readonly id: string;
  readonly expected: Outcome;
}

/** Of the owner, by the nouns of the declarations: order, payment, delivery. */
export type OwnedIds = Readonly<Record<string, string>>;

/** Fits every parameter that takes an id, and nothing has it. */
export const UNKNOWN = "01890000-0000-7000-8000-000000000000";

/** All cells of the given routes. Throws where a route is about an object of a kind that nobody has made. */
export async function cellsOf(specs: readonly RouteSpec[], callers: Callers, ids: OwnedIds): Promise<readonly Cell[]> {
  const scopes = [...new Set(specs.flatMap(({ rights }) => scopeOf(rights) ?? []))].sort();
  const all = await Promise.all(
    specs.map(async (spec) => {
      const comers = await callers.forScope(scopeOf(spec.rights), scopes);
      return comers.flatMap((caller) =>
        namedBy(spec, ids).map((name) => ({ spec, caller, ...name, expected: expectedOf(spec, caller, name.named) })),
      );
    }),
  );
  return all.flat();
}

function namedBy({ method, path, rights }: RouteSpec, ids: OwnedIds): readonly Pick<Cell, "named" | "id">[] {
  const object = objectOf(rights);
  if (object === undefined) return [{ named: "none", id: UNKNOWN }];
  const id = object.place === "customer" ? OWNER : ids[object.noun];
  if (id === undefined)
    throw new Error(`${method} ${path} is about a customer's ${object.noun}: make one for the matrix of rights`);
  return [
    { named: "the owner's", id },
    { named: "an unknown", id: UNKNOWN },
    ...(object.place === "customer" ? [{ named: "no", id: UNKNOWN } as const] : []),
  ];
}

function expectedOf({ rights }: RouteSpec, caller: Caller, named: Named): Outcome {
  if (rights.callers === "anyone") return "passes";
  if (caller.role === "nobody") return "unauthenticated";
  if (rights.callers === "customers" && caller.role !== "customer") return "forbidden";
  if (rights.callers === "operators" && caller.role !== "operator") return "forbidden";
  if (caller.role === "operator" && "scope" in rights && !covers(caller.scopes, rights.scope)) return "forbidden";
  const object = objectOf(rights);
  if (object === undefined) return "passes";
  if (named === "no") return "passes";
  if (object.place === "customer") return caller.role === "operator" || isOwners(caller, named) ? "passes" : "hidden";
  if (named === "an unknown") return "hidden";
  return caller.role === "operator" || isOwners(caller, named) ? "passes" : "hidden";
}

const isOwners = ({ subject }: Caller, named: Named) => named === "the owner's" && subject === OWNER;

const covers = (scopes: readonly string[], wanted: string) => scopes.includes("*") || scopes.includes(wanted);

/** The request of a cell. What it writes would be refused after the rights, so that nothing of it happens. */
export function requestOf({ spec, caller, named, id }: Cell, baseUrl: string): Request {
  const { method, path, rights, idempotency } = spec;
  const object = objectOf(rights);
  // Where nothing is a customer's, any name will do.
  const url = new URL(path.replaceAll(/\{[^}]+\}/g, id), baseUrl);
  if (object !== undefined && object.place !== "path" && named !== "no") url.searchParams.set(object.parameter, id);
  for (const [name, value] of requiredQuery(spec)) url.searchParams.set(name, value);
  return new Request(url.href, {
    method,
    redirect: "manual",
    headers: {
      ...(caller.authorization === null ? {} : { authorization: caller.authorization }),
      ...(idempotency === undefined ? {} : { "idempotency-key": crypto.randomUUID() }),
      ...(spec.body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(spec.body === undefined ? {} : { body: REFUSED_BODY }),
  });
}

/** No route takes it. */
const REFUSED_BODY = JSON.stringify({ "no field of any body": true });

const schemaOfQuery = z.object({
  required: z.array(z.string()).default([]),
  properties: z
    .record(z.string(), z.object({ const: z.string().optional(), format: z.string().optional() }))
    .default({}),
});

/** What a query must hold beside the object's parameter: the one value that it takes, or an id that nothing has. */
function requiredQuery({ method, path, query, rights }: RouteSpec): readonly (readonly [string, string])[] {
  if (query === undefined) return [];
  const { required, properties } = schemaOfQuery.parse(z.toJSONSchema(query, { io: "input" }));
  const parameter = objectOf(rights)?.parameter;
  return required
    .filter((name) => name !== parameter)
    .map((name) => {
      const { const: only, format } = properties[name] ?? {};
      const value = only ?? (format === "uuid" ? UNKNOWN : undefined);
      if (value === undefined) throw new Error(`${method} ${path} needs ?${name}=: the matrix of rights has no value`);
      return [name, value] as const;
    });
}
