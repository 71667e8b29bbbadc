/**
 * A Kubernetes cluster without machines, on loopback: etcd, API server, controllers and scheduler are the real programs,
 * with admission, RBAC and tokens on; kwok stands for the kubelets of all nodes. A pod that is placed is therefore "ready"
 * a moment later without anything of it having run, and the pod of a Job stays running until somebody says how it ended
 * (job-runner.ts). The controller of Argo Rollouts runs as its account, with the rights that its own installation gives.
 *
 * There is no network of pods, no load balancer, no metrics server: what needs one is taken and does nothing.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeServerPorts } from "../../runtime/cli/dev/split/server-port.ts";
import { startGuard } from "../provision/guard.ts";
import type { KubernetesPrograms } from "../provision/kubernetes.ts";
import { type Api, apiOf } from "./api.ts";
import { answersWell, type Component, startComponent } from "./component.ts";
import { type Credentials, makeCredentials, type User, writeKubeconfig } from "./credentials.ts";
import { type Kubectl, kubectlOf } from "./kubectl.ts";
import { NODES } from "./nodes.ts";
import { accountToken, applyRolloutsInstallation, ROLLOUTS_ACCOUNT } from "./rollouts-installation.ts";

export interface Cluster {
  readonly url: string;
  /** PEM, and the file that it is in. */
  readonly authority: string;
  readonly authorityFile: string;
  /** As an administrator. */
  readonly api: Api;
  readonly kubectl: Kubectl;
  /** Ends the API server; every other program stays and finds it again. */
  stopApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
  /** The end of each program's log, for a failure's report. */
  logs(): Promise<string>;
  /** Ends everything and removes what was made; with `keepLogs` answers where the logs are now. */
  stop(keepLogs: boolean): Promise<string | null>;
}

/** Of an account's tokens; no server of this name is ever asked. */
const ISSUER = "https://kubernetes.default.svc.cluster.local";
const STAGES = [
  "node/fast/node-initialize.yaml",
  "node/heartbeat/node-heartbeat.yaml",
  "pod/fast/pod-ready.yaml",
  // Not pod-complete.yaml: it would let every Job succeed.
  "pod/fast/pod-delete.yaml",
];

/** Starts all of it; resolves when nodes are ready and the controllers work. */
export async function startCluster(programs: KubernetesPrograms): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-cluster-"));
  const guard = startGuard('sleep 3; rm -rf "$1"', directory);
  const started: Component[] = [];
  const end = async () => {
    // The API server before etcd, and what calls it before both.
    for (const component of started.toReversed()) await component.stop();
  };
  try {
    const cluster = await startIn(directory, programs, started);
    return {
      ...cluster,
      async stop(keepLogs) {
        await end();
        const kept = keepLogs ? await keep(directory, started) : null;
        await rm(directory, { recursive: true, force: true });
        await guard.release();
        return kept;
      },
    };
  } catch (error) {
    await end();
    await rm(directory, { recursive: true, force: true });
    await guard.release();
    throw error;
  }
}

async function keep(directory: string, components: readonly Component[]): Promise<string> {
  const kept = await mkdtemp(join(tmpdir(), "genai-demo-cluster-logs-"));
  for (const { name } of components) await cp(join(directory, `${name}.log`), join(kept, `${name}.log`));
  return kept;
}

async function startIn(
  directory: string,
  programs: KubernetesPrograms,
  started: Component[],
): Promise<Omit<Cluster, "stop">> {
  const credentials = await makeCredentials(directory);
  const [port = 0, etcd = 0, peers = 0, metrics = 0, health = 0, kwok = 0] = await freeServerPorts(6);
  const url = `https://127.0.0.1:${port}`;
  const authorityFile = credentials.certificateFile;
  const start = async (...args: Parameters<typeof startComponent>) => {
    const component = await startComponent(...args);
    started.push(component);
    return component;
  };
  const kubeconfigOf = (user: User) =>
    writeKubeconfig(join(directory, `${user}.kubeconfig`), { url, authorityFile, token: credentials.tokenOf(user) });
  await start(etcdOptions(programs.etcd, directory, etcd, peers));
  const server = apiServerOptions(programs.kubernetes, directory, credentials, { port, etcd });
  let apiServer = await startComponent(server);
  // Stands in the list under one name, whichever process it is now.
  started.push({
    name: apiServer.name,
    hasEnded: () => apiServer.hasEnded(),
    log: () => apiServer.log(),
    stop: () => apiServer.stop(),
  });
  const api = apiOf({ url, authority: credentials.authority, token: credentials.tokenOf("admin") });
  const kubectl = kubectlOf(join(programs.kubernetes, "kubectl"), await kubeconfigOf("admin"), directory);
  const answers = () => answersWell(`${url}/readyz`, readyRequest(credentials));
  await start({
    name: "kube-controller-manager",
    program: join(programs.kubernetes, "kube-controller-manager"),
    directory,
    args: [
      ...["--kubeconfig", await kubeconfigOf("kube-controller-manager"), "--secure-port=0", "--leader-elect=false"],
      ...["--service-account-private-key-file", credentials.accountKeyFile, "--root-ca-file", authorityFile],
      "--use-service-account-credentials=true",
    ],
    isReady: answers,
  });
  await start({
    name: "kube-scheduler",
    program: join(programs.kubernetes, "kube-scheduler"),
    directory,
    args: ["--kubeconfig", await kubeconfigOf("kube-scheduler"), "--secure-port=0", "--leader-elect=false"],
    isReady: answers,
  });
  await start(await kwokOptions(programs.kwok, directory, kwok, await kubeconfigOf("kwok")));
  await kubectl.apply(NODES);
  await applyRolloutsInstallation(api, kubectl, programs.rollouts);
  const token = await accountToken(api, ROLLOUTS_ACCOUNT.namespace, ROLLOUTS_ACCOUNT.name);
  const kubeconfig = await writeKubeconfig(join(directory, "rollouts.kubeconfig"), { url, authorityFile, token });
  await start({
    name: "rollouts-controller",
    program: join(programs.rollouts, "rollouts-controller"),
    directory,
    // It listens on all addresses; there is no flag for that.
    args: [
      ...["--kubeconfig", kubeconfig, "--leader-elect=false", "--rollout-resync", "10"],
      ...["--metricsport", String(metrics), "--healthzPort", String(health)],
    ],
    isReady: () => answersWell(`http://127.0.0.1:${health}/healthz`),
  });
  return {
    url,
    authority: credentials.authority,
    authorityFile,
    api,
    kubectl,
    stopApiServer: () => apiServer.stop(),
    async startApiServer() {
      apiServer = await startComponent(server);
    },
    async logs() {
      const ends = started.map(async (component) => `── ${component.name}\n${(await component.log()).slice(-1_500)}`);
      return (await Promise.all(ends)).join("\n");
    },
  };
}

const readyRequest = (credentials: Credentials): BunFetchRequestInit => ({
  headers: { authorization: `Bearer ${credentials.tokenOf("admin")}` },
  tls: { ca: credentials.authority },
});

function etcdOptions(programs: string, directory: string, port: number, peerPort: number) {
  const clients = `http://127.0.0.1:${port}`;
  const peers = `http://127.0.0.1:${peerPort}`;
  return {
    name: "etcd",
    program: join(programs, "etcd"),
    directory,
    args: [
      ...["--data-dir", join(directory, "etcd"), "--unsafe-no-fsync", "--log-level", "warn"],
      ...["--listen-client-urls", clients, "--advertise-client-urls", clients],
      ...["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", `default=${peers}`],
    ],
    isReady: () => answersWell(`${clients}/health`),
  };
}

function apiServerOptions(
  programs: string,
  directory: string,
  credentials: Credentials,
  ports: { readonly port: number; readonly etcd: number },
) {
  return {
    name: "kube-apiserver",
    program: join(programs, "kube-apiserver"),
    directory,
    args: [
      ...["--etcd-servers", `http://127.0.0.1:${ports.etcd}`],
      ...["--bind-address", "127.0.0.1", "--secure-port", String(ports.port)],
      // What pods would find it by; it refuses loopback for that, and there is nobody to find it.
      ...["--advertise-address", "192.0.2.1", "--endpoint-reconciler-type", "none"],
      ...["--cert-dir", directory, "--tls-cert-file", credentials.certificateFile],
      ...["--tls-private-key-file", credentials.certificateKeyFile, "--token-auth-file", credentials.tokensFile],
      ...["--service-account-issuer", ISSUER, "--service-account-key-file", credentials.accountPublicKeyFile],
      ...["--service-account-signing-key-file", credentials.accountKeyFile],
      ...["--authorization-mode", "Node,RBAC", "--enable-admission-plugins", "NodeRestriction"],
      ...["--anonymous-auth=false", "--service-cluster-ip-range", "10.96.0.0/16"],
      // When it is told to end it goes at once: watches would hold it for a minute.
      "--shutdown-delay-duration=0s",
    ],
    isReady: () => answersWell(`https://127.0.0.1:${ports.port}/readyz`, readyRequest(credentials)),
  };
}

async function kwokOptions(programs: string, directory: string, port: number, kubeconfig: string) {
  const stages = await Promise.all(STAGES.map((stage) => readFile(join(programs, "stages", stage), "utf8")));
  const file = join(directory, "stages.yaml");
  await writeFile(file, stages.join("\n---\n"));
  return {
    name: "kwok",
    program: join(programs, "kwok"),
    directory,
    args: [
      ...["--kubeconfig", kubeconfig, "--config", file, "--manage-all-nodes=true", "--node-lease-duration-seconds=0"],
      ...["--server-address", `127.0.0.1:${port}`],
    ],
    isReady: () => answersWell(`http://127.0.0.1:${port}/healthz`),
  };
}
