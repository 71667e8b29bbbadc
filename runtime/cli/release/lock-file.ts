/** What bun.lock says of the packages that are in the product: version, hash, who needs whom. */
import * as z from "zod";

const Names = z.record(z.string(), z.string()).default({});
const Needs = z.looseObject({
  dependencies: Names,
  optionalDependencies: Names,
  peerDependencies: Names,
  optionalPeers: z.array(z.string()).default([]),
});
/** Of a package that comes from the registry, which all do. */
const Entry = z.tuple([z.string(), z.string(), Needs, z.string().startsWith("sha512-")]);
const LockFile = z.object({
  workspaces: z.object({ "": z.looseObject({ dependencies: Names, optionalDependencies: Names }) }),
  packages: z.record(z.string(), Entry),
});

export interface LockedPackage {
  /** Where it lies below node_modules, without that: `a`, or `b/a` where `b` has one of its own. */
  readonly place: string;
  readonly name: string;
  readonly version: string;
  /** SHA-512 of what the registry has, in hexadecimal. */
  readonly sha512: string;
  /** Places of the packages that it needs. */
  readonly needs: readonly string[];
}

/** The packages that the product is made of, by their places, and those that it needs itself; not what only builds or tests it. */
export interface ShippedPackages {
  readonly direct: readonly string[];
  readonly all: ReadonlyMap<string, LockedPackage>;
}

/** Reads it. A package that is needed and not there is an error, but for optional ones and peers. */
export function shippedPackages(text: string): ShippedPackages {
  const { workspaces, packages } = LockFile.parse(Bun.JSONC.parse(text));
  const find = (from: string, name: string) => placesFrom(from, name).find((place) => packages[place] !== undefined);
  const needed = (from: string, needs: z.infer<typeof Needs>) => [
    ...Object.keys(needs.dependencies).map((name) => {
      const place = find(from, name);
      if (place === undefined) throw new Error(`bun.lock has no ${name}, which ${from || "the product"} needs`);
      return place;
    }),
    ...Object.keys({ ...needs.optionalDependencies, ...needs.peerDependencies })
      // A peer that need not be there is in the product only where something else needs it.
      .filter((name) => !needs.optionalPeers.includes(name))
      .flatMap((name) => find(from, name) ?? []),
  ];
  const direct = needed("", { ...workspaces[""], peerDependencies: {}, optionalPeers: [] });
  const all = new Map<string, LockedPackage>();
  const take = (place: string) => {
    const entry = packages[place];
    if (all.has(place) || entry === undefined) return;
    const [id, , needs, integrity] = entry;
    const at = id.lastIndexOf("@");
    const locked = {
      place,
      name: id.slice(0, at),
      version: id.slice(at + 1),
      sha512: Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex"),
      needs: needed(place, needs),
    };
    all.set(place, locked);
    for (const next of locked.needs) take(next);
  };
  for (const place of direct) take(place);
  return { direct, all };
}

/** The packages that a place goes through: `@a/b/c` is `c` of `@a/b`. */
export const stepsTo = (place: string): readonly string[] => place.match(/(?:@[^/]+\/)?[^/]+/g) ?? [];

/** Where a package looks for another: in its own folder first, then in those around it. */
function placesFrom(from: string, name: string): readonly string[] {
  const steps = stepsTo(from);
  return [...steps.keys(), steps.length].reverse().map((depth) => [...steps.slice(0, depth), name].join("/"));
}
