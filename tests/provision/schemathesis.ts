/** schemathesis from the Python package index: it makes requests from an OpenAPI document and checks what is answered. */
import { installOnce } from "./cache.ts";
import { downloadPackages, findPython } from "./python-package.ts";

/** The tool, and everything that it needs. */
const PACKAGES = [
  "schemathesis==4.32.5",
  "anyio==4.16.0",
  "certifi==2026.10.19.post1",
  "charset-normalizer==3.5.3",
  "click==8.5.1",
  "graphql-core==3.3.2",
  "harfile==0.6.0",
  "hypothesis==6.170.17",
  "hypothesis-graphql==0.13.5",
  "idna==3.20",
  "iniconfig==2.3.1",
  "jsonschema-rs==0.60.3",
  "markdown-it-py==4.3.0",
  "MarkupSafe==3.0.4",
  "mdurl==0.1.2",
  "packaging==26.4",
  "pluggy==1.7.0",
  "Pygments==2.21.0",
  "pyrate-limiter==4.5.1",
  "pytest==9.2.0",
  "PyYAML==6.0.4",
  "requests==2.34.2",
  "rich==15.0.0",
  "sortedcontainers==2.4.0",
  "typing-extensions==4.16.0",
  "urllib3==2.8.0",
  "Werkzeug==3.1.9",
] as const;

const LEAST_MINOR = 11;

export interface Schemathesis {
  /** The words that start it. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** schemathesis, downloaded once. Throws `MissingTool` where there is no Python 3.11 with pip. */
export async function provisionSchemathesis(): Promise<Schemathesis> {
  const [tool] = PACKAGES;
  const python = findPython(tool, LEAST_MINOR);
  const name = `${tool.replace("==", "-")}-python${python.version}-${process.platform}-${process.arch}`;
  const directory = await installOnce(name, (building) => downloadPackages(python, PACKAGES, building));
  // Nothing of the user's own Python is mixed in, and nothing is written beside the packages.
  const env = { PYTHONPATH: directory, PYTHONNOUSERSITE: "1", PYTHONDONTWRITEBYTECODE: "1" };
  return { argv: [python.program, "-m", "schemathesis.cli"], env };
}
