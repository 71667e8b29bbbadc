/** The diagrams in the documents are what the modules declare. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registry } from "../../modules/registry.ts";
import { changedFiles } from "../../runtime/cli/contract-files.ts";
import { documentsWithDiagrams } from "../../runtime/cli/diagrams.ts";
import { modulesDiagram } from "../../runtime/contracts/modules-diagram.ts";
import { seventh } from "./seventh/index.ts";

const CHECKOUT = join(import.meta.dir, "..", "..");
const FLOWS = "docs/how-an-order-flows.md";
const PICTURE = "docs/way-of-an-order.svg";
let root = "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "genai-demo-diagrams-"));
  for (const path of [FLOWS, PICTURE]) await cp(join(CHECKOUT, path), join(root, path));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const read = () => readFile(join(root, FLOWS), "utf8");
const staleDocuments = async (modules: typeof registry) =>
  (await changedFiles(root, modules)).filter(({ path }) => path === FLOWS || path === PICTURE);

test("an arrow that the saga does not have makes the document stale, and it is drawn anew", async () => {
  const current = await read();
  expect(await staleDocuments(registry)).toEqual([]);
  await Bun.write(join(root, FLOWS), current.replace("PENDING --> RESERVED", "PENDING --> DELIVERED"));
  await Bun.write(join(root, PICTURE), "");
  const stale = await staleDocuments(registry);
  expect(stale.map(({ path }) => path)).toEqual([PICTURE, FLOWS]);
  expect(stale[1]?.text).toBe(current);
});

test("a seventh module is in the picture with all it has to do with", async () => {
  const [picture, document] = await staleDocuments([...registry, seventh]);
  expect(picture?.text).toContain("notification, seventh");
  expect(document?.text).toContain("m_order -->|order.events.v1| m_seventh");
  expect(document?.text).toContain("m_seventh -->|seventh.events.v1| whoever");
  expect(document?.text).toContain("m_seventh -.->|priceBasket| m_pricing");
});

test("every subscription is an arrow", () => {
  const diagram = modulesDiagram(registry);
  for (const { name, topics } of registry)
    for (const topic of topics.subscribes)
      expect(diagram).toContain(`|${topic.name.replace("genai-demo.", "")}| m_${name}`);
});

test("a place for a diagram that nobody draws is named", async () => {
  await Bun.write(join(root, FLOWS), "<!-- diagram: order stagse -->\n<!-- end of diagram -->\n");
  await expect(documentsWithDiagrams(root, registry)).rejects.toThrow(
    `${FLOWS} has a place for the diagram order stagse: there are modules, order stages`,
  );
});
