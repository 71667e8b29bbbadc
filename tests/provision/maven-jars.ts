/** Takes jars with all that they depend on from the Maven registry, with the machine's Maven and its settings. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Java } from "./java.ts";
import { MissingTool } from "./missing.ts";
import { runClient } from "./registry-client.ts";

/** Pinned: which one Maven takes by itself depends on Maven's version. */
const PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";

/** Downloads the `artifacts` (`group:name:version`) and what they need at run time into `directory`. */
export async function downloadJars(artifacts: readonly string[], directory: string, java: Java): Promise<void> {
  const [first] = artifacts;
  const maven = Bun.which("mvn");
  if (first === undefined) return;
  if (maven === null) {
    throw new MissingTool(
      first,
      "no Maven was found; install it (Debian: apt-get install maven; macOS: brew install maven) and run again",
    );
  }
  console.error(`downloading ${first} with Maven (once; later runs use the cache) …`);
  const pom = join(directory, "pom.xml");
  await writeFile(pom, pomOf(artifacts));
  await runClient(
    [
      maven,
      "--quiet",
      "--batch-mode",
      "--strict-checksums",
      `--file=${pom}`,
      `${PLUGIN}:copy-dependencies`,
      `-DoutputDirectory=${directory}`,
      "-DincludeScope=runtime",
    ],
    {
      hint: `Maven could not download ${first}; check the network and Maven's settings, then try again`,
      env: { JAVA_HOME: java.home },
    },
  );
  await rm(pom);
  console.error(`downloaded ${first}`);
}

function pomOf(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, name, version] = artifact.split(":");
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>genai-demo</groupId>
  <artifactId>jars</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>${dependencies.join("")}</dependencies>
</project>
`;
}
