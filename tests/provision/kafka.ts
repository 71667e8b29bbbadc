/** Apache Kafka from the Maven registry: the broker that "external" topologies use. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import engines from "../../infra/engines.json";
import { installOnce } from "./cache.ts";
import { provisionJava } from "./java.ts";
import { classArchive } from "./kafka-class-archive.ts";
import type { KafkaProgram } from "./kafka-process.ts";
import { downloadJars } from "./maven-jars.ts";

/** The broker that the tests run against, and that Terraform asks MSK for. */
export const KAFKA_VERSION: string = engines.kafka;
/** Of the line before, which clusters still run: a smoke test runs against it. */
export const KAFKA_PREVIOUS_VERSION = "3.9.1";

/** Kafka's jars and a Java that runs them, downloaded once. Throws `MissingTool` when Java or Maven is not there. */
export async function provisionKafka(version: string = KAFKA_VERSION): Promise<KafkaProgram> {
  const java = await provisionJava();
  const directory = await installOnce(`kafka-${version}`, (building) =>
    downloadJars([`org.apache.kafka:kafka_2.13:${version}`, "org.slf4j:slf4j-simple:1.7.36"], building, java),
  );
  // Sorted: a class archive is good only for the class path that it was made with.
  const jars = (await readdir(directory)).filter((name) => name.endsWith(".jar")).sort();
  const program = { version, java, classPath: jars.map((name) => join(directory, name)).join(":") };
  const archive = await classArchive(program);
  return archive === undefined ? program : { ...program, classArchive: archive };
}
