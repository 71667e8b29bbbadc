/**
 * `smoke`: whether processes that nobody uses yet answer as this release must, before they get the customers' requests. It
 * asks what anybody may ask, and writes nothing. What it wants follows from the routes that this program knows itself.
 *
 * It waits until they are ready, and asks again where there is no answer, both until its time is up: behind a name that
 * was given to other pods a moment ago, some connections fail. A wrong answer is a failure at once.
 */
import * as z from "zod";
import { systemClock } from "../clock.ts";
import { platformSettings } from "../config/settings.ts";
import { messageOf } from "../error-text.ts";
import type { RouteSpec } from "../http/route.ts";
import type { Module } from "../module.ts";
import { EDGE_HOST } from "../registry.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { flagsOf, UsageError, wholeNumber } from "./arguments.ts";

export const help = `smoke: whether processes answer as this release must, before customers use them. It only reads.

  --url URL       their public address, such as http://order-preview:8080
  --modules LIST  the modules that answer there (default: all)
  --within N      how many seconds they may take to be ready and to answer (60)

Asks whether they are ready; of each module one thing that anybody may read, or, where there is none, whether it refuses
who shows no token; and where ${EDGE_HOST} answers, the documents. A line a check; exit code 0 when all of them hold.

Example: bun run smoke --url http://127.0.0.1:8080 --modules order,pricing`;

export const flags = { url: "string", modules: "string", within: "string" } as const;

const ANSWER_TIMEOUT_MS = 5_000;
const PAUSE_MS = 500;

/** Runs the command; resolves with its exit code. */
export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const given = flagsOf(args, flags);
  const origin = originOf(given.url);
  const modules = modulesOf(given.modules, registry);
  const withinMs = 1000 * wholeNumber("within", given.within, { preset: 60, most: 3600 });
  const ask = asking(origin, systemClock.now() + withinMs);
  let failed = 0;
  const checks = checksOf(modules, registry);
  for (const { what, path, faultOf } of checks) {
    const fault = await ask(path, faultOf);
    if (fault !== undefined) failed += 1;
    console.log(`${fault === undefined ? "holds" : "FAILS"}  ${what}: GET ${path}${fault ? `: ${plain(fault)}` : ""}`);
    // The rest could only say the same.
    if (fault !== undefined && path === READY_PATH) break;
  }
  console.log(failed === 0 ? `${checks.length} checks hold at ${origin}` : `${origin} is not as it must be`);
  return failed === 0 ? 0 : 1;
}

const READY_PATH = "/health/ready";

interface Answer {
  readonly status: number;
  readonly mediaType: string;
  readonly text: string;
}

interface Check {
  readonly what: string;
  readonly path: string;
  /** What is wrong with the answer. */
  readonly faultOf: (answer: Answer) => string | undefined;
}

function checksOf(modules: readonly Module[], registry: readonly Module[]): readonly Check[] {
  return [
    {
      what: "ready",
      path: READY_PATH,
      faultOf: ({ status, text }) => (status === 200 ? undefined : said(status, text)),
    },
    ...modules.flatMap(checkOfModule),
    ...(modules.some(({ name }) => name === EDGE_HOST) ? documentChecks(registry) : []),
  ];
}

/** Something that anybody may read, else something that nobody may without a token. */
function checkOfModule({ name, routes }: Module): readonly Check[] {
  const plain = routes.map(({ spec }) => spec).filter(({ method, path }) => method === "GET" && !path.includes("{"));
  const open = plain.find(({ rights, responses }) => rights.callers === "anyone" && responses[200]?.schema);
  if (open !== undefined) return [{ what: name, path: open.path, faultOf: (answer) => faultOfRead(open, answer) }];
  const closed = routes
    .map(({ spec }) => spec)
    .find(({ method, rights }) => method === "GET" && rights.callers !== "anyone");
  if (closed === undefined) return [];
  return [{ what: name, path: closed.path.replaceAll(/\{[^}]+\}/g, NOBODYS), faultOf: faultOfRefusal }];
}

/** An id of nothing: what needs a token is refused before it is looked up. */
const NOBODYS = "00000000-0000-7000-8000-000000000000";

function faultOfRead({ responses }: RouteSpec, { status, text }: Answer): string | undefined {
  if (status !== 200) return said(status, text);
  const parsed = responses[200]?.schema?.safeParse(jsonOf(text));
  return parsed?.success ? undefined : `its answer is not what this release documents: ${text.slice(0, 200)}`;
}

const faultOfRefusal = ({ status, mediaType, text }: Answer): string | undefined =>
  status === 401 && mediaType.startsWith("application/problem+json")
    ? undefined
    : `without a token it must answer 401 with a problem, and said ${said(status, text)}`;

function documentChecks(registry: readonly Module[]): readonly Check[] {
  const paths = registry.flatMap(({ routes }) => routes.map(({ spec }) => spec.path));
  return [
    {
      what: "the operations of all modules",
      path: "/openapi.json",
      faultOf: ({ status, text }) => faultOfDocument(status, text, OpenApi, ({ paths }) => paths, paths),
    },
    {
      what: "the messages of all modules",
      path: "/asyncapi.json",
      faultOf: ({ status, text }) =>
        faultOfDocument(
          status,
          text,
          AsyncApi,
          ({ channels }) => channels,
          registry.flatMap(({ topics }) => topics.sends.map(({ name }) => name)),
        ),
    },
  ];
}

const Named = z.record(z.string(), z.unknown());
const OpenApi = z.object({ openapi: z.string().startsWith("3.1"), paths: Named });
const AsyncApi = z.object({ asyncapi: z.string().startsWith("3."), channels: Named });

function faultOfDocument<Document>(
  status: number,
  text: string,
  schema: z.ZodType<Document>,
  namesIn: (document: Document) => Readonly<Record<string, unknown>>,
  wanted: readonly string[],
): string | undefined {
  if (status !== 200) return said(status, text);
  const document = schema.safeParse(jsonOf(text));
  if (!document.success) return `it is no such document: ${text.slice(0, 200)}`;
  const there = new Set(Object.keys(namesIn(document.data)));
  const missing = wanted.filter((name) => !there.has(name));
  return missing.length === 0 ? undefined : `it has no ${missing.slice(0, 3).join(", ")}`;
}

/** Asks until `faultOf` finds nothing, as long as there is no answer or it is not ready, and there is time. */
function asking(origin: string, endsMs: number) {
  return async (path: string, faultOf: Check["faultOf"]): Promise<string | undefined> => {
    for (;;) {
      const answer = await answerOf(`${origin}${path}`);
      const fault = typeof answer === "string" ? answer : faultOf(answer);
      const mayChange = typeof answer === "string" || answer.status === 503;
      if (fault === undefined || !mayChange || systemClock.now() >= endsMs) return fault;
      await scheduler.sleep(PAUSE_MS);
    }
  };
}

/** The answer, or why there is none. */
async function answerOf(url: string): Promise<Answer | string> {
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    const mediaType = response.headers.get("content-type") ?? "";
    return { status: response.status, mediaType, text: await response.text() };
  } catch (error) {
    return `no answer (${messageOf(error)})`;
  }
}

/** On one line, and without what a terminal would do: an answer must not look like lines of this report. */
const plain = (text: string) => text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();

const said = (status: number, text: string) => `${status} ${text.slice(0, 200)}`.trim();

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function originOf(given: string | undefined): string {
  if (given === undefined) throw new UsageError("--url is missing: give their address, such as http://127.0.0.1:8080");
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol))
    throw new UsageError(`--url ${given}: give an address such as http://127.0.0.1:8080`);
  const { origin, username, password, pathname, search } = new URL(given);
  if (username !== "" || password !== "" || pathname !== "/" || search !== "")
    throw new UsageError(`--url ${origin} takes no path and no user: what is asked there is known, and needs no login`);
  return origin;
}

/** As MODULES is read. */
function modulesOf(given: string | undefined, registry: readonly Module[]): readonly Module[] {
  const { parser } = platformSettings({ modules: registry.map(({ name }) => name), mode: "serve", cwd: "/" }).modules;
  const names = given === undefined ? registry.map(({ name }) => name) : parser.parse(given);
  if (names === null) throw new UsageError(`--modules ${given}: must be ${parser.wants}`);
  return registry.filter(({ name }) => names.includes(name));
}
