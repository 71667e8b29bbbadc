/** What the image is made of and says of itself, against what is meant. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import packageJson from "../../package.json";
import { rdsRootsPem } from "../../runtime/cli/release/rds-roots.ts";
import type { Check } from "../../runtime/cli/verify/checklist.ts";
import type { BuildArguments, BuiltImage } from "./build.ts";
import type { Containers } from "./container.ts";
import { changedFiles } from "./tree.ts";

const ROOTS = "etc/ssl/rds-roots.pem";
const EXPECTED: Readonly<Record<string, number>> = { "genai-demo": 0o555, [ROOTS]: 0o444 };

/** Gives what it adds to its base, in millions of bytes. */
export async function checkContents(
  check: Check,
  image: BuiltImage,
  containers: Containers,
  given: BuildArguments,
): Promise<number> {
  const { added, changed, missing } = changedFiles(image.root, image.baseRoot);
  check("it adds the executable and the authorities of RDS to its base, which nobody may write, and nothing else", [
    ...added.flatMap(({ path, mode, uid }) => {
      const bits = mode & 0o7777;
      if (EXPECTED[path] === undefined) return [`${path} is not expected`];
      return bits === EXPECTED[path] && uid === 0 ? [] : [`${path} has mode ${bits.toString(8)} and belongs to ${uid}`];
    }),
    ...Object.keys(EXPECTED).flatMap((path) =>
      added.some((entry) => entry.path === path) ? [] : [`${path} is missing`],
    ),
    ...changed.map(({ path }) => `${path} of the base is changed`),
    ...missing.map((path) => `${path} of the base is gone`),
  ]);
  const roots = await readFile(join(image.root, ROOTS), "utf8");
  check("the authorities of RDS are those that the checkout makes", roots === rdsRootsPem() ? [] : ["they differ"]);
  const { Labels, Healthcheck, ExposedPorts, User, Cmd } = image.config;
  const says: readonly (readonly [string, unknown, unknown])[] = [
    ["version", Labels["org.opencontainers.image.version"], packageJson.version],
    ["revision", Labels["org.opencontainers.image.revision"], given.commit],
    ["created", Labels["org.opencontainers.image.created"], given.created],
    ["source", Labels["org.opencontainers.image.source"], given.source],
    ["licenses", Labels["org.opencontainers.image.licenses"], packageJson.license],
    ["health check", Healthcheck.Test.join(" "), "CMD /genai-demo healthcheck"],
    ["ports", Object.keys(ExposedPorts).sort().join(" "), "8080/tcp 8081/tcp"],
    ["user", User, "65532:65532"],
    ["command", Cmd.join(" "), "serve"],
  ];
  check(
    "labels, ports, user, command and health check are what is meant",
    says.filter(([, is, meant]) => is !== meant).map(([what, is, meant]) => `${what} is ${is}, not ${meant}`),
  );
  const { code, output } = await containers.run(["--version"]);
  const built = new Date(given.created).toISOString();
  check(
    "the executable tells the same version, commit and time",
    code === 0 && [packageJson.version, given.commit, built].every((each) => output.includes(each))
      ? []
      : [`exit code ${code}: ${output}`],
  );
  return added.reduce((sum, { size }) => sum + size, 0) / 1e6;
}
