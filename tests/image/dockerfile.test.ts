/** The Dockerfile by a real linter and by our own rules, and that both find what is wrong. */
import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { provisionHadolint } from "../provision/hadolint.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { dockerfileFaults } from "./dockerfile-rules.ts";

const PROVISION_TIMEOUT_MS = 120_000;
const text = await Bun.file(join(import.meta.dir, "..", "..", "Dockerfile")).text();

/** The Dockerfile with one thing changed; the change must be one. */
function changed(from: string | RegExp, to: string): string {
  const result = text.replace(from, to);
  if (result === text) throw new Error(`there is no ${from} in the Dockerfile`);
  return result;
}

describe("hadolint", () => {
  let hadolint: string | undefined;
  beforeAll(async () => {
    hadolint = await provideOrSkip("hadolint's judgement of the Dockerfile", provisionHadolint);
  }, PROVISION_TIMEOUT_MS);

  function judge(program: string, dockerfile: string): string {
    const { stdout, stderr } = Bun.spawnSync([program, "--no-color", "--failure-threshold", "none", "-"], {
      stdin: Buffer.from(dockerfile),
    });
    return stdout.toString() + stderr.toString();
  }

  test("finds nothing, style included", () => {
    if (hadolint !== undefined) expect(judge(hadolint, text)).toBe("");
  });

  test.each([
    ["a user that is root", changed("USER 65532:65532", "USER root"), "DL3002"],
    ["a base whose tag is left open", changed(/^ARG BASE_IMAGE=.*$/m, "").replace("${BASE_IMAGE}", "debian"), "DL3006"],
    ["a relative directory", changed("WORKDIR /source", "WORKDIR source"), "DL3000"],
    ["a command that needs a shell", changed('CMD ["serve"]', "CMD serve"), "DL3025"],
    ["two commands", changed('CMD ["serve"]', 'CMD ["serve"]\nCMD ["dev"]'), "DL4003"],
    ["a port that is none", changed("EXPOSE 8080 8081", "EXPOSE 80801"), "DL3011"],
  ])("finds %s", (_fault, dockerfile, code) => {
    if (hadolint !== undefined) expect(judge(hadolint, dockerfile)).toContain(code);
  });
});

describe("our own rules", () => {
  test("all hold", () => {
    expect(dockerfileFaults(text)).toEqual([]);
  });

  test.each([
    ["another Bun", changed("oven/bun:1.4", "oven/bun:1.3"), "the build runs on bun:1.4.5"],
    ["a base that moves", changed(/@sha256:\w+/, ""), "the base is pinned by its digest"],
    ["a version of yesterday", changed(/ARG VERSION=.*/, "ARG VERSION=0.0.9"), "VERSION is 0.1.0"],
    [
      "a base that nothing can replace",
      changed(/^FROM \$\{BASE_IMAGE\}$/m, "FROM debian:12"),
      "each FROM takes an argument",
    ],
    ["a user by name", changed("USER 65532:65532", "USER nonroot"), "the last USER is a number"],
    ["root by number", changed("USER 65532:65532", "USER 0:0"), "the last USER is a number"],
    ["root after the user", changed("WORKDIR /\n", "WORKDIR /\nUSER 0\n"), "the last USER is a number"],
    ["no user", changed(/^USER.*$/m, ""), "the last USER is a number"],
    [
      "a check by a shell",
      changed('CMD ["/genai-demo", "healthcheck"]', "CMD curl localhost"),
      "HEALTHCHECK needs no shell",
    ],
    ["no check", changed(/^HEALTHCHECK.*$/m, ""), "HEALTHCHECK needs no shell"],
    ["the source in what is shipped", changed("EXPOSE", "COPY . /source\nEXPOSE"), "copied from the build alone"],
    ["a loose install", changed(" --frozen-lockfile", ""), "as the lock file says"],
  ])("find %s", (_fault, dockerfile, rule) => {
    expect(dockerfileFaults(dockerfile).join("\n")).toContain(rule);
  });
});
