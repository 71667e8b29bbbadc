/** What is in infra/, copied to where Terraform may write beside it. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A copy of what Terraform reads of the checkout. */
export interface Staged {
  /** As the checkout's root. */
  readonly root: string;
  readonly infra: string;
}

/** Copies it into `root`, which is made. */
export async function stage(checkout: string, root: string): Promise<Staged> {
  await mkdir(root, { recursive: true });
  const infra = join(root, "infra");
  await cp(join(checkout, "infra"), infra, {
    recursive: true,
    filter: (source) => !source.endsWith("/.terraform") && !/\.tfstate|\.tfvars$/.test(source),
  });
  await cp(join(checkout, "modules.json"), join(root, "modules.json"));
  return { root, infra };
}

/** Puts `to` in the place of `from`, which the file has exactly once. Throws where it has not. */
export async function replaceOnce({ root }: Staged, path: string, from: string, to: string): Promise<void> {
  const file = join(root, path);
  const text = await readFile(file, "utf8");
  const found = text.split(from).length - 1;
  if (found !== 1) throw new Error(`${path} has ${JSON.stringify(from)} ${found} times, not once`);
  if (from === to) throw new Error(`${path}: nothing is changed by ${JSON.stringify(to)}`);
  await writeFile(
    file,
    text.replace(from, () => to),
  );
}
