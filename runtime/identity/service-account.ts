/**
 * Service identity in a cluster: the cluster's issuer signs a token for each pod, whose subject is the pod's
 * ServiceAccount. The namespace is pinned, because whoever may make pods in another one can name an account like ours
 * there and ask for a token of our audience.
 */
import type { Clock } from "../clock.ts";
import { remoteKeys } from "./remote-keys.ts";
import type { ServicePrincipal } from "./service-principal.ts";
import type { Algorithm, TrustedIssuer } from "./token-verifier.ts";

/** By ServiceAccount: whom its pods speak for. */
export type AccountTable = ReadonlyMap<string, readonly string[]>;

export interface ClusterIssuerSettings {
  readonly issuer: string;
  /** Where it publishes its keys; null: below the issuer's own address, as EKS does. */
  readonly jwksUrl: string | null;
  readonly audience: string;
  readonly algorithm: Algorithm;
  readonly namespace: string;
  readonly accounts: AccountTable;
}

/** The cluster as an issuer of service tokens. Its keys are fetched when the first token comes. */
export function clusterIssuer(settings: ClusterIssuerSettings, clock: Clock): TrustedIssuer<ServicePrincipal> {
  const { issuer, audience, algorithm, namespace, accounts } = settings;
  return {
    issuer,
    audience,
    algorithms: [algorithm],
    keys: remoteKeys(new URL(settings.jwksUrl ?? `${issuer.replace(/\/$/, "")}/keys`), clock),
    clockToleranceSeconds: 5,
    principalOf({ subject, expiresAtMs }) {
      const [, , space, account = ""] = /^(system:serviceaccount):([^:]+):([^:]+)$/.exec(subject) ?? [];
      if (space === undefined) return "The token is not one of a ServiceAccount.";
      const callers = space === namespace ? accounts.get(account) : undefined;
      return callers ? { subject, callers, expiresAtMs } : `${subject} is no account that is known here.`;
    },
  };
}
