/**
 * Who may call a route: whom, an operator with which scope, and whose object it is about. The declaration stands beside
 * the route, and from it come the check, the OpenAPI document, docs/rights.md and the matrix that tests ask of a
 * running platform.
 *
 * An object that belongs to a customer is looked up by the declaration, before the handler and before what the body
 * says: the handler gets it, and only where its caller may see it. What is a stranger's is answered exactly as what does
 * not exist. A declaration that says too little, or contradicts its route, does not start (rights-faults.ts).
 */
import type { Principal } from "../identity/principal.ts";
import { ProblemError, problem } from "./problem.ts";
import { invalid } from "./validation.ts";

/** `<module>:<action>`, asked of operators. */
export type Scope = `${string}:${"read" | "write"}`;

/**
 * Where a request names the customer's object that it is about. `customer`: the parameter of the query names the
 * customer; who calls as one may leave it out.
 */
export interface ObjectFacts {
  readonly place: "path" | "query" | "customer";
  readonly parameter: string;
  /** What it is: "There is no order 7." */
  readonly noun: string;
  /** Operators may leave it out, and then see everybody's. */
  readonly isOptional?: boolean;
}

/**
 * `shared` is no customer's. Of what anyone may call, `signed` is proven by a signature over the body, and `keyed` is of
 * whoever has its key. `own` is made for the customer who calls, or is theirs alone.
 */
export type Rights<O = ObjectFacts> =
  | { readonly callers: "anyone"; readonly object: "shared" | "signed" | "keyed" }
  | { readonly callers: "customers"; readonly object: "own" | O }
  | { readonly callers: "operators"; readonly scope: Scope; readonly object: "shared" | O }
  | { readonly callers: "customers and operators"; readonly scope: Scope; readonly object: O };

/** What is known of a request before its body is looked at. */
interface Asked {
  readonly principal: Principal | null;
  readonly params: object;
  readonly query: object;
}

/** `Seen`: what the handler gets of it. `Deps`: what it is looked up with. */
export interface DeclaredObject<Seen, Deps> extends ObjectFacts {
  readonly see: (asked: Asked, deps: Deps) => Promise<Seen>;
}

interface Lookup<T, Deps> {
  readonly parameter: string;
  readonly noun: string;
  readonly find: (id: string, deps: Deps) => Promise<T | undefined>;
  /** The customer whose it is. */
  readonly ownerOf: (object: T) => string;
}

/** An object that the path names. What its caller may not see is a 404. */
export function objectInPath<T, Deps>({ find, ownerOf, ...named }: Lookup<T, Deps>): DeclaredObject<T, Deps> {
  return {
    ...named,
    place: "path",
    async see({ principal, params }, deps) {
      const id = textOf(params, named.parameter);
      const object = await find(id, deps);
      if (object !== undefined && maySee(principal, ownerOf(object))) return object;
      throw unknownObject(named.noun, id);
    },
  };
}

/** An object that the query names, whose parts are listed. Of what its caller may not see there are none. */
export function objectInQuery<T, Deps>({
  find,
  ownerOf,
  ...named
}: Lookup<T, Deps>): DeclaredObject<T | undefined, Deps> {
  return {
    ...named,
    place: "query",
    async see({ principal, query }, deps) {
      const object = await find(textOf(query, named.parameter), deps);
      return object !== undefined && maySee(principal, ownerOf(object)) ? object : undefined;
    },
  };
}

/** The id of the customer whom the query names: operators name one, customers have only themselves. */
export const customerInQuery: DeclaredObject<string, unknown> = {
  place: "customer",
  parameter: "customerId",
  noun: "customer",
  async see({ principal, query }) {
    const named = "customerId" in query ? query.customerId : undefined;
    if (principal?.role === "customer" && (named === undefined || named === principal.subject))
      return principal.subject;
    if (principal?.role === "operator" && typeof named === "string") return named;
    if (named !== undefined) throw unknownObject("customer", String(named));
    throw new ProblemError(invalid([{ field: "query.customerId", message: "is required: name the customer" }]));
  },
};

/** The customer whom a list is narrowed to: customers have only themselves, operators may name one. Undefined: everybody. */
export const customerFilter: DeclaredObject<string | undefined, unknown> = {
  ...customerInQuery,
  isOptional: true,
  async see(asked, deps) {
    const isNamed = Reflect.get(asked.query, customerInQuery.parameter) !== undefined;
    return asked.principal?.role === "operator" && !isNamed ? undefined : customerInQuery.see(asked, deps);
  },
};

/** A parameter that its schema has checked. */
const textOf = (parameters: object, name: string) => String(Reflect.get(parameters, name));

const maySee = (principal: Principal | null, owner: string) =>
  principal?.role === "operator" || (principal?.role === "customer" && principal.subject === owner);

/** What is said of an object that does not exist, and of a stranger's. */
export const unknownObject = (noun: string, id: string) =>
  new ProblemError(problem("not-found", `There is no ${noun} ${id}.`));

/** The scope that operators need on a route; none where they may not call it, or anyone may. */
export const scopeOf = (rights: Rights | undefined): string | undefined =>
  rights !== undefined && "scope" in rights ? rights.scope : undefined;

/** The customer's object that a route is about. */
export const objectOf = ({ object }: Rights): ObjectFacts | undefined =>
  typeof object === "string" ? undefined : object;
