/**
 * What each part of the AWS around the platform must be, by the assertions that hold it. They are named `PART: what holds` in
 * infra/tests; the document is made of these names.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Glob } from "bun";

/** Every part; each needs an assertion. */
const PARTS = [
  "Route 53, CloudFront, WAF",
  "ALB",
  "EKS",
  "Workloads",
  "Migrations",
  "Argo Rollouts",
  "Autoscaling",
  "RDS PostgreSQL",
  "MSK",
  "ElastiCache",
  "Parameter Store",
  "Identity",
  "Security groups",
  "TLS",
  "ECR",
  "Traces",
  "Metrics",
  "Logs",
  "CI/CD",
  "Cost",
  "Backup",
] as const;

export interface Assertion {
  readonly part: string;
  readonly what: string;
  /** Its file, in infra/tests. */
  readonly file: string;
}

export interface Assertions {
  readonly all: readonly Assertion[];
  readonly faults: readonly string[];
}

/** Every assertion of infra/tests under `root`; what is wrong with their names. */
export async function readAssertions(root: string): Promise<Assertions> {
  const directory = join(root, "infra", "tests");
  const all: Assertion[] = [];
  const faults: string[] = [];
  for (const file of (await Array.fromAsync(new Glob("*.tftest.hcl").scan({ cwd: directory }))).sort()) {
    const text = await readFile(join(directory, file), "utf8");
    for (const [, message = ""] of text.matchAll(/^\s*error_message\s*=\s*"(.*)"$/gm)) {
      const part = PARTS.find((each) => message.startsWith(`${each}: `));
      if (part === undefined) faults.push(`${file}: "${message}" begins with no part of the platform`);
      else all.push({ part, what: message.slice(part.length + 2), file });
    }
  }
  const named = new Map<string, string>();
  for (const { part, what, file } of all) {
    const other = named.get(`${part}: ${what}`);
    if (other !== undefined) faults.push(`"${part}: ${what}" is said in ${other} and in ${file}`);
    named.set(`${part}: ${what}`, file);
  }
  for (const part of PARTS) if (!all.some((each) => each.part === part)) faults.push(`no assertion is about ${part}`);
  return { all, faults };
}

/** The document: a part a section. */
export function rowsDocument({ all }: Assertions, planRules: readonly string[]): string {
  const sections = PARTS.map((part) => {
    const lines = all.filter((each) => each.part === part).map(({ what, file }) => `- ${what} (\`${file}\`)`);
    return `## ${part}\n\n${lines.join("\n")}\n`;
  });
  return `# AWS: what holds of each part

Written by \`bun run verify infra --draw\` from the names of the assertions in \`infra/tests\` and of the rules in \`tests/infra\`; \`verify infra\` fails while it is not current. All of it is judged from plans, with mocks in the place of AWS: what only AWS can show is in [not-verified.md](not-verified.md).

${sections.join("\n")}
## Whatever the part

Judged from the whole plan of each environment.

- each role may do what its modules declare, and nothing of another one's: parameters, topics, groups, databases, secrets
${planRules.map((name) => `- ${name}`).join("\n")}
`;
}
