/** Which source an executable is made of, and when: what `--version` tells later. */
import { spawnSync } from "node:child_process";
import type { Source } from "../../build-info.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { UsageError } from "../arguments.ts";

/** What the checkout is, or what it is called by whoever knows it better. */
export const sourceOf = (root: string, commit?: string): Source => ({
  commit: commit ?? commitOf(root),
  builtAt: builtAt(systemClock, process.env["SOURCE_DATE_EPOCH"]),
});

/** The commit of the checkout, `-modified` after it where files differ; null without git or outside of a repository. */
export function commitOf(root: string): string | null {
  const head = git(root, ["rev-parse", "HEAD"]);
  if (head === null) return null;
  return git(root, ["status", "--porcelain"]) === "" ? head : `${head}-modified`;
}

function git(root: string, args: readonly string[]): string | null {
  const { status, stdout } = spawnSync("git", ["-C", root, ...args], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
}

/** RFC 3339: what SOURCE_DATE_EPOCH says (reproducible-builds.org), else now. */
export function builtAt(clock: Clock, epoch: string | undefined): string {
  if (epoch === undefined || epoch === "") return new Date(clock.now()).toISOString();
  if (!/^\d{1,11}$/.test(epoch))
    throw new UsageError(`SOURCE_DATE_EPOCH is ${epoch}: it must be whole seconds since 1970`);
  return new Date(Number(epoch) * 1000).toISOString();
}
