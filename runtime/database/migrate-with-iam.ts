import { type IamUser, letInByIam } from "./iam-users.ts";
import type { PasswordOf } from "./link.ts";
import { type MigrateOptions, migrate, withOwner } from "./migrate.ts";
import { isLoginRefused } from "./unusable.ts";

export interface IamMigration extends MigrateOptions {
  readonly users: readonly IamUser[];
  /** A token for the owner, where its password is not taken. */
  readonly passwordOf: PasswordOf;
  /** Whether the URL has a password that is worth a try. */
  readonly hasPassword: boolean;
}

/**
 * Migrates, and lets the modules' users in by IAM. Where the owner has a password that is tried first, and a token when the
 * server refuses it: having made users of IAM, it may be one itself (iam-users.ts). Throws a `StartError`.
 */
export async function migrateWithIam({ users, passwordOf, hasPassword, ...options }: IamMigration): Promise<void> {
  const work = async (login?: PasswordOf) => {
    const here: MigrateOptions = login === undefined ? options : { ...options, passwordOf: login };
    await migrate(here);
    await withOwner(here, (link) => letInByIam(link, users, options.log));
  };
  if (!hasPassword) return work(passwordOf);
  try {
    await work();
  } catch (error) {
    if (!isLoginRefused(error)) throw error;
    options.log("the owner's password is refused: logging in by IAM");
    await work(passwordOf);
  }
}
