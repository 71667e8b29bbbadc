/** docs/add-a-module.md, followed by a reader who does what it says and nothing else, in a copy of this checkout. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PlatformProcess } from "../../journeys/process.ts";
import { type Checkout, copyCheckout } from "../checkout.ts";
import { type Block, blocksOf, missingFrom, patched } from "./markdown.ts";
import { openShell, type Shell } from "./shell.ts";

const WHOLE_TIMEOUT_MS = 420_000;
const ADDRESS = "http://127.0.0.1:8080";

let checkout: Checkout;
let shell: Shell;
let platform: PlatformProcess | undefined;
beforeAll(async () => {
  checkout = await copyCheckout(["docs", "k8s", "modules.json", "biome.json", "README.md"]);
  shell = openShell({ cwd: checkout.root, env: { DATABASE_URL: undefined } });
});
afterAll(async () => {
  await shell.close();
  await platform?.stop();
  await checkout.remove();
});

test(
  "a module of one's own works as the page tells",
  async () => {
    const blocks = blocksOf(await readFile(join(checkout.root, "docs/add-a-module.md"), "utf8"));
    let address = ADDRESS;
    let output = "";
    const follow: Readonly<Record<string, (block: Block) => Promise<void>>> = {
      async sh({ text, note }) {
        if (note === "in another terminal") {
          expect(text).toBe("bun run dev\n");
          platform = await checkout.dev(["--no-watch"]);
          address = platform.url;
        } else output = await shell.paste(text.replaceAll(ADDRESS, address));
      },
      async text({ text }) {
        expect({ missing: missingFrom(output, text), output }).toEqual({ missing: [], output });
      },
      async diff({ text, note: path }) {
        const file = join(checkout.root, path);
        await writeFile(file, patched(await readFile(file, "utf8"), text));
      },
    };
    for (const block of blocks) {
      const step = follow[block.language];
      if (!step) throw new Error(`line ${block.line}: nobody knows what to do with ${block.language}`);
      await step(block);
    }
    expect(blocks.length).toBeGreaterThan(20);
  },
  WHOLE_TIMEOUT_MS,
);
