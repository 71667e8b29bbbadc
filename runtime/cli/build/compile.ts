/** Bundles the program with Bun into one executable file. */
import { join } from "node:path";
import type { BunPlugin } from "bun";
import type { Build } from "../../build-info.ts";
import { StartError } from "../../start-error.ts";
import type { Target } from "./targets.ts";

export interface Executable {
  readonly root: string;
  readonly target: Target;
  readonly outfile: string;
  readonly build: Build;
  /** Files that it carries as they are. */
  readonly assets: readonly string[];
}

/**
 * The commands of the checkout stay out, and all that lies under tests/. A few lines of the other commands reach for that
 * (a psql that is downloaded, the servers of `dev --split`): there the import fails, and they say what to do instead.
 */
const withoutCheckout = (root: string): BunPlugin => ({
  name: "without what is for a checkout",
  setup({ onLoad }) {
    const filterOf = (path: string) => new RegExp(`^${join(root, path).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}`);
    onLoad({ filter: filterOf("runtime/cli/checkout-commands.ts") }, () => ({
      loader: "js",
      contents: "export const checkoutCommands = {};",
    }));
    onLoad({ filter: filterOf("tests/") }, () => ({
      loader: "js",
      contents: 'throw new Error("it is a part of the checkout");',
    }));
  },
});

/** Makes the executable. Throws a `StartError` that holds what Bun says. */
export async function compile({ root, target, outfile, build, assets }: Executable): Promise<void> {
  const { success, logs } = await Bun.build({
    entrypoints: [join(root, "runtime", "main.ts"), ...assets],
    root,
    target: "bun",
    format: "esm",
    bytecode: true,
    // Names stay: the PostgreSQL client names its errors after their class, and one of another name counts as a lost
    // connection (database/errors.ts). Bun's `keepNames` does not keep that of a class.
    minify: { whitespace: true, syntax: true, identifiers: false },
    define: { GENAI_DEMO_BUILD: JSON.stringify(JSON.stringify(build)) },
    // An asset keeps the name that it has.
    naming: { asset: "[name].[ext]" },
    plugins: [withoutCheckout(root)],
    throw: false,
    compile: {
      target: `bun-${target}`,
      outfile,
      // What runs once at a start is not worth compiling to machine code; `runPlatform` ends this when the process is up.
      jitPolicy: 20,
      // What lies in the folder that it is started in is not its own.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  });
  if (!success) throw new StartError(`${outfile} could not be made:\n${logs.map(String).join("\n")}`);
}
