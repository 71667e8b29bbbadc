/**
 * How this process and the platform's other processes know each other: whom it speaks for, the token it shows, whose
 * tokens it believes. A cluster's issuer where one is given, else the development issuer of this machine; a process that
 * has neither asks nobody and is asked by nobody, which is enough where all modules run in it.
 */
import { systemClock } from "../clock.ts";
import type { PlatformConfig } from "../config/settings.ts";
import type { DevelopmentIssuer } from "../identity/development-issuer.ts";
import { clusterIssuer } from "../identity/service-account.ts";
import type { ServicePrincipal } from "../identity/service-principal.ts";
import { issuedTokens, type ServiceTokens, tokensFromFile } from "../identity/service-tokens.ts";
import { createTokenVerifier, type TokenVerifier } from "../identity/token-verifier.ts";
import { systemRandom } from "../random.ts";
import { accountPerModule } from "../registry.ts";
import type { Breakers } from "../rpc/circuit-breaker.ts";
import { systemLookUp } from "../rpc/host-addresses.ts";
import { createHttpRpc } from "../rpc/http.ts";
import type { RpcClient } from "../rpc/port.ts";
import { createReplicas, type Replicas } from "../rpc/replicas.ts";
import { suffixedHost } from "../rpc/suffixed-host.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";

export interface ServiceIdentity {
  readonly tokens: ServiceTokens;
  readonly verifier: TokenVerifier<ServicePrincipal>;
}

/** `callers`: the modules that run here, and `edge` where it does. */
export function openServiceIdentity(
  config: PlatformConfig<string>,
  modules: readonly string[],
  callers: readonly string[],
  issuer: DevelopmentIssuer | undefined,
): ServiceIdentity | undefined {
  const { serviceIssuer } = config;
  const trusted =
    serviceIssuer === null
      ? issuer?.trustedServices
      : clusterIssuer(
          {
            issuer: serviceIssuer,
            jwksUrl: config.serviceJwksUrl,
            audience: config.serviceAudience,
            algorithm: config.serviceAlgorithm,
            namespace: config.serviceNamespace,
            accounts: config.serviceAccounts ?? accountPerModule(modules),
          },
          systemClock,
        );
  if (trusted === undefined) return undefined;
  const verifier = createTokenVerifier({ issuers: [trusted], clock: systemClock, scheduler });
  if (serviceIssuer !== null)
    return { verifier, tokens: tokensFromFile(config.serviceTokenFile, systemClock, scheduler) };
  return issuer && { verifier, tokens: issuedTokens(issuer, callers, systemClock) };
}

/** The name of the module's service, in a cluster. */
const RPC_URL = "http://{module}:8081";

const rpcUrlOf = ({ rpcUrls, rpcUrl }: PlatformConfig<string>, module: string) =>
  (rpcUrls.get(module) ?? rpcUrl ?? RPC_URL).replaceAll("{module}", module);

/** Asks each process of the modules, where there can be others than this one: its modules may be all, and have replicas. */
export function openReplicas(
  config: PlatformConfig<string>,
  modules: readonly string[],
  { tokens }: ServiceIdentity,
): Replicas | undefined {
  const isTold = config.rpcUrl !== null || config.rpcUrls.size > 0;
  if (!isTold && config.modules.length === modules.length) return undefined;
  const baseUrl = (module: string) => suffixedHost(rpcUrlOf(config, module), config.replicasHostSuffix ?? "");
  return createReplicas({ baseUrl, lookUp: systemLookUp(scheduler), tokens, clock: systemClock, scheduler });
}

/** Asks the modules of other processes. */
export function openRemoteRpc(
  config: PlatformConfig<string>,
  { tokens }: ServiceIdentity,
  breakers: Breakers,
): RpcClient {
  return createHttpRpc({
    baseUrl: (module) => rpcUrlOf(config, module),
    tokens,
    breakers,
    clock: systemClock,
    scheduler,
    random: systemRandom(),
  });
}
