import { principalByRole } from "./role-claim.ts";
import { type Algorithm, remoteKeys, type TrustedIssuer } from "./token-verifier.ts";

export interface OidcSettings {
  readonly oidcIssuer: string | null;
  readonly oidcAudience: string;
  readonly oidcJwksUrl: string | null;
  readonly oidcAlgorithm: Algorithm;
  readonly oidcRoleClaim: string;
}

/** The configured OIDC provider, or none. Its keys are fetched when the first token comes. */
export function oidcIssuers(settings: OidcSettings): TrustedIssuer[] {
  if (settings.oidcIssuer === null) return [];
  const jwksUrl = settings.oidcJwksUrl ?? `${settings.oidcIssuer.replace(/\/$/, "")}/.well-known/jwks.json`;
  return [
    {
      issuer: settings.oidcIssuer,
      audience: settings.oidcAudience,
      algorithms: [settings.oidcAlgorithm],
      keys: remoteKeys(new URL(jwksUrl)),
      principalOf: principalByRole(settings.oidcRoleClaim),
      clockToleranceSeconds: 5,
    },
  ];
}
