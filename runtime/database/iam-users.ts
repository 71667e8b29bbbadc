/**
 * Lets the modules' roles log in at RDS with tokens of IAM: each may log in, is a member of `rds_iam`, and has the
 * rights of its module's side schemas and may take on their roles, since all of a module's connections log in as one user. What is so already is left
 * as it is, and each statement can be run again.
 *
 * A role that is a member of `rds_iam`, by way of others too, logs in by IAM alone. Whoever makes a role is a member of it
 * for ever (PostgreSQL 16 and newer), so the master may have to log in by IAM from then on: `migrate` tries both.
 */
import { StartError } from "../start-error.ts";
import { arrayLiteral } from "./array-literal.ts";
import type { Link } from "./link.ts";
import { quoteIdentifier } from "./postgres.ts";
import { roleOf } from "./schema-state.ts";

export interface IamUser {
  readonly module: string;
  readonly sideSchemas: readonly string[];
}

const GROUP = "rds_iam";

const STATE_SQL = `
select r.rolname::text as role, r.rolcanlogin as can_login,
  coalesce(pg_has_role(r.oid, (select oid from pg_roles where rolname = '${GROUP}'), 'MEMBER'), false) as is_in_group,
  array_to_json(array(select s.rolname from pg_roles s
    where s.rolname = any($1::text[]) and pg_has_role(r.oid, s.oid, 'USAGE') and pg_has_role(r.oid, s.oid, 'SET')))::text as may_become
from pg_roles r where r.rolname = any($1::text[])`;

/** As a user that has made these roles, and may grant `rds_iam`: the master. Throws a `StartError`. */
export async function letInByIam(link: Link, users: readonly IamUser[], log: (line: string) => void): Promise<void> {
  const { rows: group } = await link.send({ text: `select from pg_roles where rolname = '${GROUP}'`, params: [] });
  if (group.length === 0)
    throw new StartError(
      `DATABASE_LOGIN=iam, but this server has no role ${GROUP}: it is no RDS, or its logins by IAM are not enabled`,
    );
  const roles = users.flatMap(({ module, sideSchemas }) => [module, ...sideSchemas].map(roleOf));
  const { rows } = await link.send({ text: STATE_SQL, params: [arrayLiteral(roles)] });
  for (const { module, sideSchemas } of users) {
    const name = roleOf(module);
    const role = quoteIdentifier(name);
    const state = rows.find((row) => row["role"] === name);
    const known: unknown = JSON.parse(String(state?.["may_become"] ?? "[]"));
    const mayBecome = Array.isArray(known) ? known : [];
    const statements = [
      ...(state?.["can_login"] === true ? [] : [`alter role ${role} login`]),
      ...sideSchemas
        .map(roleOf)
        .filter((side) => !mayBecome.includes(side))
        .map((side) => `grant ${quoteIdentifier(side)} to ${role} with inherit true, set true`),
      // The last one: with it the role's passwords, if it had any, end.
      ...(state?.["is_in_group"] === true ? [] : [`grant ${GROUP} to ${role}`]),
    ];
    for (const text of statements) await link.send({ text, params: [] });
    if (statements.length > 0) log(`${module}: ${name} logs in by IAM`);
  }
}
