/** `bench authz`: the matrix of rights on a platform in one process, and on one in six. */
import { atMost, stated } from "../../runtime/cli/figures.ts";
import { startOn } from "../journeys/platform.ts";
import { embeddedShape, type Shape } from "../journeys/shape.ts";
import { splitShape } from "../journeys/split-shape.ts";
import { SIX } from "../journeys/topology.ts";
import type { Benchmark, BenchmarkOptions } from "../load/benchmark.ts";
import { openTopologyServers, type TopologyServers } from "../provision/topology-servers.ts";
import { type MeasuredRights, measureRights } from "./measure.ts";

/** Runs both; everything it started has ended when it resolves or rejects. */
export async function benchRights({ progress }: Pick<BenchmarkOptions, "progress">): Promise<Benchmark> {
  const servers = openTopologyServers();
  try {
    const single = await measured("single", embeddedShape({}, false), progress);
    const split = await measured("split", openSplit(servers), progress);
    const both = [single, split];
    const count = (kind: "leak" | "refusal") =>
      both.reduce((sum, { mismatches }) => sum + mismatches.filter((each) => each.kind === kind).length, 0);
    return {
      figures: [
        stated(
          "authz.cells",
          both.reduce((sum, { cells }) => sum + cells, 0),
          "cells",
        ),
        atMost("authz.leaks", count("leak"), "cells", 0),
        atMost("authz.wronglyRefused", count("refusal"), "cells", 0),
      ],
      notes: [
        "a cell is a route asked by somebody, for an object of theirs, of somebody else or of nobody",
        `single ${single.cells} cells, split ${split.cells}`,
      ],
    };
  } finally {
    await servers.stop();
  }
}

async function openSplit(servers: TopologyServers): Promise<Shape> {
  const {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    KAFKA_BROKERS: kafkaBrokers,
  } = await servers.settingsFor(["postgres", "redis", "kafka"]);
  if (!databaseUrl || !redisUrl || !kafkaBrokers) throw new Error("a server has not told its address");
  return splitShape({ databaseUrl, redisUrl, kafkaBrokers }, { groups: SIX, replicas: 1 }, {});
}

async function measured(
  name: string,
  opening: Promise<Shape>,
  progress: (line: string) => void,
): Promise<MeasuredRights> {
  const platform = await startOn(await opening);
  try {
    const rights = await measureRights(platform);
    progress(`${name}: ${rights.cells} cells, ${rights.mismatches.length} not as declared`);
    for (const { line } of rights.mismatches) progress(`  ${line}`);
    return rights;
  } finally {
    await platform.stop();
  }
}
