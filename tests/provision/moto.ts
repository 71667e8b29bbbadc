/** moto from the Python package index: servers of AWS that keep in memory what they are given. */
import { installOnce } from "./cache.ts";
import { downloadPackages, findPython } from "./python-package.ts";

/** The tool, and everything that its Parameter Store, its Secrets Manager and its server need. */
const PACKAGES = [
  "moto==5.2.5",
  "blinker==1.9.0",
  "boto3==1.44.8",
  "botocore==1.44.8",
  "certifi==2026.10.19.post1",
  "cffi==2.1.1",
  "charset-normalizer==3.5.3",
  "click==8.5.1",
  "cryptography==50.0.2",
  "Flask==3.1.3",
  "flask-cors==6.0.5",
  "idna==3.20",
  "itsdangerous==2.2.0",
  "Jinja2==3.1.6",
  "jmespath==1.1.0",
  "MarkupSafe==3.0.4",
  "pycparser==3.12",
  "python-dateutil==2.9.0.post0",
  "PyYAML==6.0.4",
  "requests==2.34.2",
  "responses==0.26.3",
  "s3transfer==0.19.3",
  "six==1.17.0",
  "urllib3==2.8.0",
  "Werkzeug==3.1.9",
  "xmltodict==1.0.4",
] as const;

const LEAST_MINOR = 11;

export interface Moto {
  /** The words that start its server. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** moto, downloaded once. Throws `MissingTool` where there is no Python 3.11 with pip. */
export async function provisionMoto(): Promise<Moto> {
  const [tool] = PACKAGES;
  const python = findPython(tool, LEAST_MINOR);
  const name = `${tool.replace("==", "-")}-python${python.version}-${process.platform}-${process.arch}`;
  const directory = await installOnce(name, (building) => downloadPackages(python, PACKAGES, building));
  // Nothing of the user's own Python is mixed in, and nothing is written beside the packages.
  const env = { PYTHONPATH: directory, PYTHONNOUSERSITE: "1", PYTHONDONTWRITEBYTECODE: "1" };
  return { argv: [python.program, "-m", "moto.server"], env };
}
