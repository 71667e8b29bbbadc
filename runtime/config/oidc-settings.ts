import { optional, type Settings, setting } from "./load.ts";
import { oneOf, type Parser, text, url } from "./parsers.ts";

const oneAudience = text(255);

const audienceList: Parser<readonly string[]> = {
  wants: "a text of 1 to 255 characters, or several separated by commas",
  parse(given) {
    const audiences = given.split(",").map((audience) => oneAudience.parse(audience.trim()));
    return audiences.every((audience) => audience !== null && audience !== "")
      ? audiences.flatMap((audience) => audience ?? [])
      : null;
  },
};

/** Whose tokens are believed, and where they say what is asked of them. */
export const oidcSettings = {
  oidcIssuer: optional({
    env: "OIDC_ISSUER",
    parser: url("https", "http"),
    parameter: { of: "shared", needed: "always" },
    description: "The `iss` of accepted tokens; https, but for one on this machine.",
  }),
  oidcAudience: setting<readonly string[]>({
    env: "OIDC_AUDIENCE",
    parser: audienceList,
    fallback: ["genai-demo"],
    description: "The audience that accepted tokens must carry; one of them, where several are given by commas.",
  }),
  oidcAudienceClaim: setting({
    env: "OIDC_AUDIENCE_CLAIM",
    parser: text(255),
    fallback: "aud",
    description: "The claim that names the audience. Cognito's access tokens have client_id and no aud.",
  }),
  oidcJwksUrl: optional({
    env: "OIDC_JWKS_URL",
    parser: url("https", "http"),
    description: "Where the issuer publishes its keys. Default: OIDC_ISSUER + /.well-known/jwks.json.",
  }),
  oidcAlgorithm: setting({
    env: "OIDC_ALGORITHM",
    parser: oneOf("RS256", "PS256", "ES256", "ES384", "EdDSA"),
    fallback: "RS256" as const,
    description: "The one algorithm that the issuer signs with.",
  }),
  oidcRoleClaim: setting({
    env: "OIDC_ROLE_CLAIM",
    parser: text(255),
    fallback: "role",
    description:
      "The claim that names customer or operator, or a list with one of them, such as Cognito's cognito:groups.",
  }),
  oidcRoleWithout: optional({
    env: "OIDC_ROLE_WITHOUT",
    parser: oneOf("customer"),
    description:
      "What a token is taken for that names neither: customer, where people sign up by themselves. Without it: refused.",
  }),
  oidcScopeClaim: setting({
    env: "OIDC_SCOPE_CLAIM",
    parser: text(255),
    fallback: "scope",
    description: "The claim with an operator's scopes: a text with spaces between them, or a list.",
  }),
  oidcScopePrefix: optional({
    env: "OIDC_SCOPE_PREFIX",
    parser: text(255),
    description:
      "What stands before each scope, such as genai-demo/ for a resource server of Cognito; scopes without it count for nothing.",
  }),
} satisfies Settings;
