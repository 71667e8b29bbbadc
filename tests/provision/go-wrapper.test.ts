import { expect, test } from "bun:test";
import { wrapperOf } from "./go-wrapper.ts";

const module = { path: "example.org/tool", version: "v1.2.3", packages: [] };
const GO_MOD = `// Copyright nobody.

module example.org/tool

go 1.24.0

require (
	example.org/api v0.0.0
	example.org/other v1.0.0
)

replace (
	example.org/api => ./staging/api
	example.org/other => example.org/fork v1.0.1
	example.org/pinned v0.0.0 => example.org/pinned v0.29.3
)

replace example.org/root => ../..
`;

test("it requires the module and whatever that one requires, and replaces what that one replaces", () => {
  const wrapper = wrapperOf(module, GO_MOD);
  expect(wrapper).toContain("\nmodule wrapper\n");
  expect(wrapper).not.toContain("module example.org/tool\n");
  expect(wrapper).toContain("\texample.org/other v1.0.0\n");
  expect(wrapper).toContain("\texample.org/other => example.org/fork v1.0.1\n");
  expect(wrapper).toContain("\texample.org/pinned v0.0.0 => example.org/pinned v0.29.3\n");
  expect(wrapper).toContain("\nrequire example.org/tool v1.2.3\n");
});

test("a folder is taken for what it was published as, where that is said", () => {
  const wrapper = wrapperOf({ ...module, foldersVersion: "v0.9.1" }, GO_MOD);
  expect(wrapper).toContain("example.org/api => example.org/api v0.9.1\n");
  expect(wrapper).toContain("\nreplace example.org/root => example.org/root v0.9.1\n");
  expect(wrapper).not.toContain("=> .");
});

test("elsewhere it is taken for what is required", () => {
  const wrapper = wrapperOf(module, GO_MOD);
  expect(wrapper).not.toContain("example.org/api =>");
  expect(wrapper).not.toContain("example.org/root");
  expect(wrapper).toContain("\texample.org/api v0.0.0\n");
});
