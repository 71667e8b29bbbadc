/**
 * Builds the image from the Dockerfile and runs it as pods do: all six modules in one container, and each in its own.
 * Every check is one line; what fails says why. Where the tools or the stand-ins for the bases are not there yet, lints
 * alone may be asked for.
 */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Check, Checklist } from "../../runtime/cli/verify/checklist.ts";
import { messageOf } from "../../runtime/error-text.ts";
import { startGuard } from "../provision/guard.ts";
import { provisionHadolint } from "../provision/hadolint.ts";
import { MissingTool } from "../provision/missing.ts";
import { openTopologyServers } from "../provision/topology-servers.ts";
import { areBasesMade, provisionBases } from "./bases.ts";
import { buildImage } from "./build.ts";
import { containersOf } from "./container.ts";
import { checkContents } from "./contents.ts";
import { dockerfileFaults } from "./dockerfile-rules.ts";
import { checkSingle } from "./single.ts";
import { checkSplit } from "./split.ts";
import { checkTls } from "./tls.ts";
import { findImageTools } from "./tools.ts";

export interface ImageFigures {
  /** What it adds to its base, in millions of bytes. */
  readonly addedMb: number;
  readonly buildSeconds: number;
  /** Of the six modules in one container, after its orders. */
  readonly residentMb: number;
}

const ROOT = join(import.meta.dir, "..", "..");

/**
 * Runs every check; what could not be run at all is a failure. With `ifBuilt`, where what it builds on would have to be
 * made first, lints alone and says what is left out. Null where it did not run to its end.
 */
export async function verifyImage(checklist: Checklist, ifBuilt: boolean): Promise<ImageFigures | null> {
  const { check, progress } = checklist;
  await lint(check);
  if (ifBuilt && !isReady()) {
    progress("left out, as the image's tools or bases are not on this machine yet: bun run verify image");
    return null;
  }
  try {
    return await verifyBuilt(checklist);
  } catch (error) {
    check("the image is built and runs", [messageOf(error)]);
    return null;
  }
}

async function lint(check: Check): Promise<void> {
  const file = join(ROOT, "Dockerfile");
  check("the Dockerfile keeps to our rules", dockerfileFaults(await readFile(file, "utf8")));
  const { stdout, stderr } = Bun.spawnSync([await provisionHadolint(), "--no-color", file]);
  const said = `${stdout}${stderr}`.trim();
  check("hadolint finds nothing in it", said === "" ? [] : [said]);
}

function isReady(): boolean {
  try {
    findImageTools();
    return areBasesMade();
  } catch (error) {
    if (error instanceof MissingTool) return false;
    throw error;
  }
}

async function verifyBuilt({ check, progress }: Checklist): Promise<ImageFigures> {
  const tools = findImageTools();
  const bases = await provisionBases(tools);
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-image-"));
  // Two gigabytes, which nobody else would find.
  const guard = startGuard('rm -rf "$1"', directory);
  const servers = openTopologyServers();
  try {
    const startedMs = performance.now();
    const given = {
      commit: "0123456789abcdef0123456789abcdef01234567",
      created: "2026-01-02T03:04:05Z",
      source: "https://example.com/genai-demo",
    };
    const image = await buildImage(tools, bases, directory, given);
    const buildSeconds = (performance.now() - startedMs) / 1000;
    progress(`built from the Dockerfile in ${buildSeconds.toFixed(0)} s`);
    const bundles = join(directory, "containers");
    await mkdir(bundles);
    const containers = containersOf(tools, image, bundles);
    const addedMb = await checkContents(check, image, containers, given);
    const { DATABASE_URL, KAFKA_BROKERS, REDIS_URL } = await servers.settingsFor(["postgres", "redis", "kafka"]);
    if (!DATABASE_URL || !KAFKA_BROKERS || !REDIS_URL) throw new Error("a server of the platform is missing");
    const residentMb = await checkSingle(check, containers, DATABASE_URL);
    await checkTls(check, containers);
    const urls = { databaseUrl: DATABASE_URL, kafkaBrokers: KAFKA_BROKERS, redisUrl: REDIS_URL };
    await checkSplit(check, containers, urls);
    return { addedMb, buildSeconds, residentMb };
  } finally {
    await servers.stop();
    await rm(directory, { recursive: true, force: true });
    await guard.release();
  }
}
