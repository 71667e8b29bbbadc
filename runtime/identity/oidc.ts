import type { Clock } from "../clock.ts";
import { principalByClaims } from "./principal-claims.ts";
import { remoteKeys } from "./remote-keys.ts";
import type { Algorithm, TrustedIssuer } from "./token-verifier.ts";

/** What each one is: config/oidc-settings.ts. */
export interface OidcSettings {
  readonly oidcIssuer: string | null;
  readonly oidcAudience: readonly string[];
  readonly oidcAudienceClaim: string;
  readonly oidcJwksUrl: string | null;
  readonly oidcAlgorithm: Algorithm;
  readonly oidcRoleClaim: string;
  readonly oidcRoleWithout: "customer" | null;
  readonly oidcScopeClaim: string;
  readonly oidcScopePrefix: string | null;
}

/** The configured OIDC provider, or none. Its keys are fetched when the first token comes. */
export function oidcIssuers(settings: OidcSettings, clock: Clock): TrustedIssuer[] {
  if (settings.oidcIssuer === null) return [];
  const jwksUrl = settings.oidcJwksUrl ?? `${settings.oidcIssuer.replace(/\/$/, "")}/.well-known/jwks.json`;
  return [
    {
      issuer: settings.oidcIssuer,
      audience: settings.oidcAudience,
      audienceClaim: settings.oidcAudienceClaim,
      algorithms: [settings.oidcAlgorithm],
      keys: remoteKeys(new URL(jwksUrl), clock),
      principalOf: principalByClaims({
        role: settings.oidcRoleClaim,
        roleWithout: settings.oidcRoleWithout,
        scope: settings.oidcScopeClaim,
        scopePrefix: settings.oidcScopePrefix ?? "",
      }),
      clockToleranceSeconds: 5,
    },
  ];
}
