/** What the API server itself says of who may do what, as any client may ask it. */
import * as z from "zod";
import type { Api } from "./api.ts";

export interface Question {
  readonly verb: string;
  readonly resource: string;
  readonly name?: string;
  /** Of the resource; "" is the core's. */
  readonly group?: string;
  readonly subresource?: string;
  readonly namespace?: string;
}

const review = z.looseObject({ status: z.looseObject({ allowed: z.boolean() }) });

/** Whether the account may. */
export async function mayAccount(
  api: Api,
  namespace: string,
  account: string,
  { namespace: where = namespace, ...question }: Question,
): Promise<boolean> {
  const { status } = await api.post(
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: `system:serviceaccount:${namespace}:${account}`,
        groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
        resourceAttributes: { ...question, namespace: where },
      },
    },
    review,
  );
  return status.allowed;
}

/** What a workload's account must not be let do, in words and as a question. */
const FORBIDDEN: readonly (readonly [what: string, question: Question])[] = [
  ["list services", { verb: "list", resource: "services" }],
  ["watch all services", { verb: "watch", resource: "services" }],
  ["read another service", { verb: "get", resource: "services", name: "another" }],
  ["read secrets", { verb: "get", resource: "secrets" }],
  ["list secrets", { verb: "list", resource: "secrets" }],
  ["read config maps", { verb: "get", resource: "configmaps" }],
  ["read pods", { verb: "get", resource: "pods" }],
  ["run commands in pods", { verb: "create", resource: "pods", subresource: "exec" }],
  ["make pods", { verb: "create", resource: "pods" }],
  ["make tokens", { verb: "create", resource: "serviceaccounts", subresource: "token" }],
  ["change rollouts", { verb: "patch", resource: "rollouts", group: "argoproj.io" }],
  ["change its rights", { verb: "update", resource: "roles", group: "rbac.authorization.k8s.io" }],
  ["read its service elsewhere", { verb: "get", resource: "services", namespace: "kube-system" }],
];

/** What of the rights of a workload's account is not as it must be: its one Service it may get and watch, and that is all. */
export async function accountFaults(
  api: Api,
  namespace: string,
  account: string,
  service: string,
): Promise<readonly string[]> {
  const own = (verb: string): Question => ({ verb, resource: "services", name: service });
  const allowed = await Promise.all(
    ["get", "watch"].map(async (verb) =>
      (await mayAccount(api, namespace, account, own(verb))) ? [] : [`${account} may not ${verb} service ${service}`],
    ),
  );
  const changes: typeof FORBIDDEN = ["update", "patch", "delete"].map((verb) => [`${verb} ${service}`, own(verb)]);
  const forbidden = await Promise.all(
    [...FORBIDDEN, ...changes].map(async ([what, question]) =>
      (await mayAccount(api, namespace, account, question)) ? [`${account} may ${what}`] : [],
    ),
  );
  return [...allowed, ...forbidden].flat();
}
