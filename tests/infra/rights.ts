/**
 * Who may do what: every role of an environment's plan against every parameter, topic, group, database and secret there is.
 * What ought to be comes from the modules' declarations, what is from the policies that are planned.
 */
import { ofType, type Plan, textOf } from "./plan.ts";
import { allows, type Request, type Statement, statementsOf } from "./policy.ts";
import type { Registry } from "./registry-file.ts";

/** One request, and who may make it. */
interface Cell extends Request {
  readonly may: (account: Account) => boolean;
}

interface Account {
  readonly name: string;
  /** That run in its pods. */
  readonly modules: readonly string[];
}

export interface Rights {
  readonly faults: readonly string[];
  /** How many requests were judged. */
  readonly judged: number;
}

/** What is allowed and ought not to be, and the other way round. */
export function rightsOf(plan: Plan, registry: Registry): Rights {
  const roles = rolesOf(plan);
  const cells = [...parameterCells(plan, registry), ...brokerCells(plan, registry), ...databaseCells(plan, registry)];
  const faults: string[] = [];
  for (const [role, statements] of roles) {
    const account = accountOf(role, plan, registry);
    for (const cell of cells) {
      const [is, ought] = [allows(statements, cell), cell.may(account)];
      if (is !== ought)
        faults.push(`${role} ${is ? "may and must not" : "must and may not"} ${cell.action} ${cell.resource}`);
    }
  }
  if (![...roles.keys()].some((role) => accountOf(role, plan, registry).modules.length > 0))
    faults.push(`${plan.environment}: no role is a workload's`);
  return { faults, judged: roles.size * cells.length };
}

/** The statements of each role, by its name; AWS's own policies are not looked into. */
export function rolesOf(plan: Plan): ReadonlyMap<string, readonly Statement[]> {
  const roles = new Map<string, readonly Statement[]>();
  for (const policy of ofType(plan, "aws_iam_role_policy")) {
    const role = textOf(policy, "role");
    roles.set(role, [...(roles.get(role) ?? []), ...statementsOf(textOf(policy, "policy"))]);
  }
  return roles;
}

function accountOf(role: string, { environment }: Plan, { modules }: Registry): Account {
  const name = role.slice(`genai-demo-${environment}-`.length);
  const all = Object.keys(modules);
  if (name === "platform") return { name, modules: all };
  const parts = name.split("-");
  return { name, modules: parts.every((part) => all.includes(part)) ? parts : [] };
}

/** Of a parameter, a path is asked for at once; all that can be asked otherwise nobody may. */
function* parameterCells(plan: Plan, registry: Registry): Generator<Cell> {
  const parts = [...Object.keys(registry.modules), "shared"];
  // What only begins like a part is another one's.
  for (const part of [...parts, ...parts.map((each) => `${each}s`)]) {
    const isReader = ({ name, modules }: Account) =>
      parts.includes(part) &&
      (modules.includes(part) ||
        name === "migrate" ||
        (part === "shared" && (modules.length > 0 || name === "topics")));
    const path = `arn:aws:ssm:${regionOf(plan)}:${accountIdOf(plan)}:parameter/genai-demo/${part}`;
    const parameter = `${path}/DATABASE_URL`;
    for (const resource of [path, parameter]) {
      yield { action: "ssm:GetParametersByPath", resource, context: {}, may: isReader };
      for (const action of ["ssm:GetParameter", "ssm:PutParameter", "ssm:DeleteParameter", "ssm:GetParameterHistory"])
        yield { action, resource, context: {}, may: () => false };
    }
    const [key] = ofType(plan, "aws_ssm_parameter").map((each) => textOf(each, "key_id"));
    if (key === undefined) throw new Error(`${plan.environment}: there is no parameter`);
    const context = { "kms:EncryptionContext:PARAMETER_ARN": parameter };
    yield { action: "kms:Decrypt", resource: key, context, may: isReader };
    yield { action: "kms:Encrypt", resource: key, context, may: () => false };
  }
}

function* brokerCells(plan: Plan, registry: Registry): Generator<Cell> {
  const cluster = ofType(plan, "aws_msk_cluster").map((each) => textOf(each, "arn"))[0];
  // Where there are no brokers nobody may speak with any.
  const arn = cluster ?? `arn:aws:kafka:${regionOf(plan)}:${accountIdOf(plan)}:cluster/genai-demo/1`;
  const isThere = cluster !== undefined;
  const isClient = ({ name, modules }: Account) => isThere && (modules.length > 0 || name === "topics");
  yield { action: "kafka-cluster:Connect", resource: arn, context: {}, may: isClient };
  for (const action of ["kafka-cluster:AlterCluster", "kafka-cluster:DescribeCluster"])
    yield { action, resource: arn, context: {}, may: () => false };
  const { modules } = registry;
  for (const topic of [...Object.keys(registry.topics), "nobodys"]) {
    const resource = `${arn.replace(":cluster/", ":topic/")}/${topic}`;
    const sends = (account: Account) => isThere && account.modules.some((name) => modules[name]?.sends.includes(topic));
    const reads = (account: Account) =>
      isThere && account.modules.some((name) => modules[name]?.subscribes.includes(topic));
    const makes = ({ name }: Account) => isThere && name === "topics" && topic !== "nobodys";
    yield { action: "kafka-cluster:WriteData", resource, context: {}, may: sends };
    yield { action: "kafka-cluster:ReadData", resource, context: {}, may: reads };
    yield { action: "kafka-cluster:CreateTopic", resource, context: {}, may: makes };
    const sees = (account: Account) => sends(account) || reads(account) || makes(account);
    yield { action: "kafka-cluster:DescribeTopic", resource, context: {}, may: sees };
    for (const action of ["kafka-cluster:AlterTopic", "kafka-cluster:DeleteTopic"])
      yield { action, resource, context: {}, may: () => false };
  }
  for (const module of [...Object.keys(modules), "nobodys"]) {
    const resource = `${arn.replace(":cluster/", ":group/")}/genai-demo.${module}`;
    const isIn = (account: Account) => isThere && account.modules.includes(module);
    yield { action: "kafka-cluster:AlterGroup", resource, context: {}, may: isIn };
    yield { action: "kafka-cluster:DescribeGroup", resource, context: {}, may: isIn };
    yield { action: "kafka-cluster:DeleteGroup", resource, context: {}, may: () => false };
  }
}

function* databaseCells(plan: Plan, registry: Registry): Generator<Cell> {
  const databases = ofType(plan, "aws_db_instance");
  for (const id of new Set(databases.map((each) => textOf(each, "resource_id")))) {
    const user = (name: string) => `arn:aws:rds-db:${regionOf(plan)}:${accountIdOf(plan)}:dbuser:${id}/${name}`;
    for (const module of Object.keys(registry.modules))
      yield {
        action: "rds-db:connect",
        resource: user(`${module}_app`),
        context: {},
        may: ({ modules }) => modules.includes(module),
      };
    yield { action: "rds-db:connect", resource: user("master"), context: {}, may: ({ name }) => name === "migrate" };
    yield { action: "rds-db:connect", resource: user("nobodys_app"), context: {}, may: () => false };
  }
  const secrets = JSON.stringify(databases.map(({ values }) => values["master_user_secret"])).matchAll(
    /"secret_arn":"([^"]+)"/g,
  );
  for (const secret of new Set([...secrets].map(([, arn]) => arn ?? "")))
    yield {
      action: "secretsmanager:GetSecretValue",
      resource: secret,
      context: {},
      may: ({ name }) => name === "migrate",
    };
}

/** Of the cluster: everything is in its region and account. */
const partOfArn = (plan: Plan, index: number): string => {
  const [cluster] = ofType(plan, "aws_eks_cluster").map((each) => textOf(each, "arn"));
  const part = cluster?.split(":")[index];
  if (part === undefined) throw new Error(`${plan.environment}: there is no cluster`);
  return part;
};

const regionOf = (plan: Plan): string => partOfArn(plan, 3);
const accountIdOf = (plan: Plan): string => partOfArn(plan, 4);
