import type { JSONWebKeySet } from "jose";
import * as z from "zod";
import { type Route, route } from "../http/route.ts";

const keySetSchema = z.strictObject({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional(), alg: z.string().optional() })),
});

/** `/.well-known/jwks.json`: what tokens of the development issuer are verified with. Empty where it is not trusted. */
export const keysRoute = (keys: JSONWebKeySet): Route =>
  route({
    method: "GET",
    path: "/.well-known/jwks.json",
    rights: { callers: "anyone", object: "shared" },
    tag: "identity",
    summary: "Public keys of the development issuer",
    description: "Empty where this process trusts an OIDC issuer of its own, which then publishes its keys itself.",
    responses: { 200: { description: "A JSON Web Key Set.", schema: keySetSchema } },
    handle: async () => ({ status: 200, body: keys }),
  });
