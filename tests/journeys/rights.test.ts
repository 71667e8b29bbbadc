/** Every route, asked by everybody, is answered as its declaration says. */
import { expect, test } from "bun:test";
import * as z from "zod";
import { registry } from "../../modules/registry.ts";
import { publicRoutes } from "../../runtime/edge/public-routes.ts";
import { measureRights } from "../rights/measure.ts";
import { sharedPlatform } from "./shared-platform.ts";

test("the matrix of rights has no leak", async () => {
  const { cells, mismatches } = await measureRights(await sharedPlatform());
  console.log(`authz.cells ${cells}, authz.leaks ${mismatches.filter(({ kind }) => kind === "leak").length}`);
  expect(mismatches.map(({ line }) => line)).toEqual([]);
});

test("the matrix has every route that the platform answers", async () => {
  const { process } = await sharedPlatform();
  const document = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });
  const { paths } = document.parse(await (await fetch(`${process.url}/openapi.json`)).json());
  const answered = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(
    publicRoutes(registry)
      .map(({ method, path }) => `${method} ${path}`)
      .sort(),
  ).toEqual(answered.sort());
});
