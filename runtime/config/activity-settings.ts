/** How a pod of a blue/green rollout finds out whether it is of the active colour. */
import { type ConfigFault, optional, type Settings, setting } from "./load.ts";
import { durationMs, integer, text, url } from "./parsers.ts";
import { isPlainElsewhere } from "./plain-url.ts";

const SECOND = 1000;
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

export const activitySettings = {
  activeService: optional({
    env: "ACTIVE_SERVICE",
    parser: text(63),
    description:
      "The Service of the active colour: only a pod that it selects consumes, fires timers and makes calls. Without it there are no colours.",
  }),
  podTemplateHash: optional({
    env: "POD_TEMPLATE_HASH",
    parser: text(63),
    description: "This pod's label rollouts-pod-template-hash, by the downward API.",
  }),
  podNamespace: optional({
    env: "POD_NAMESPACE",
    parser: text(63),
    description: "This pod's namespace, by the downward API.",
  }),
  activeOverlapMs: setting({
    env: "ACTIVE_OVERLAP_MS",
    parser: durationMs(0, 600 * SECOND),
    fallback: 30 * SECOND,
    description: "How long a pod goes on after another colour has become the active one.",
  }),
  kubernetesApiUrl: optional({
    env: "KUBERNETES_API_URL",
    parser: url("https", "http"),
    description: "The API server; https, but for one on this machine. Default: the one that the kubelet names.",
  }),
  kubernetesServiceHost: optional({
    env: "KUBERNETES_SERVICE_HOST",
    parser: text(255),
    description: "The API server's address, given by the kubelet.",
  }),
  kubernetesServicePort: setting({
    env: "KUBERNETES_SERVICE_PORT",
    parser: integer(1, 65_535),
    fallback: 443,
    description: "The API server's port, given by the kubelet.",
  }),
  kubernetesTokenFile: setting({
    env: "KUBERNETES_TOKEN_FILE",
    parser: text(4096),
    fallback: `${ACCOUNT}/token`,
    description: "The pod's ServiceAccount token for the API server; read anew for each request.",
  }),
  kubernetesCaFile: setting({
    env: "KUBERNETES_CA_FILE",
    parser: text(4096),
    fallback: `${ACCOUNT}/ca.crt`,
    description: "PEM file of the authorities that signed the API server's certificate; read anew for each request.",
  }),
} satisfies Settings;

interface ActivityGiven {
  readonly activeService: string | null;
  readonly podTemplateHash: string | null;
  readonly podNamespace: string | null;
  readonly kubernetesApiUrl: string | null;
  readonly kubernetesServiceHost: string | null;
  readonly kubernetesServicePort: number;
}

/** Where the API server is; null where nobody says. */
export function kubernetesUrl(given: Omit<ActivityGiven, "activeService">): string | null {
  const { kubernetesApiUrl, kubernetesServiceHost: host, kubernetesServicePort: port } = given;
  if (kubernetesApiUrl !== null || host === null) return kubernetesApiUrl;
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** What a process with colours lacks. */
export function activityFaults(given: ActivityGiven): ConfigFault[] {
  if (given.activeService === null) return [];
  const faults: ConfigFault[] = [];
  const missing = (env: string, advice: string) => faults.push({ setting: env, given: "not set", advice });
  if (given.podTemplateHash === null)
    missing(
      "POD_TEMPLATE_HASH",
      "ACTIVE_SERVICE needs it: give the pod its label rollouts-pod-template-hash by the downward API, or unset ACTIVE_SERVICE where no Rollout makes the pod.",
    );
  if (given.podNamespace === null)
    missing("POD_NAMESPACE", "ACTIVE_SERVICE needs it: give the pod its namespace by the downward API.");
  const url = kubernetesUrl(given);
  if (url === null)
    missing(
      "KUBERNETES_SERVICE_HOST",
      "ACTIVE_SERVICE needs the API server: the kubelet sets it in a pod; elsewhere set KUBERNETES_API_URL.",
    );
  else if (isPlainElsewhere(url))
    faults.push({
      setting: "KUBERNETES_API_URL",
      given: url,
      advice: "must begin with https://, unless it is on this machine (127.0.0.1): this pod's token is shown there.",
    });
  return faults;
}
