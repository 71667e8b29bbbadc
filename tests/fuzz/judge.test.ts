import { describe, expect, test } from "bun:test";
import { curlOf, distinct, type Finding, findingText } from "./finding.ts";
import { judgeBy } from "./judge.ts";

const problem = { content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } };
const judge = judgeBy({
  openapi: "3.1.1",
  paths: {
    "/things/{id}": {
      get: {
        responses: {
          200: {
            headers: { ETag: { schema: { type: "string" } } },
            content: {
              "application/json": {
                schema: {
                  type: "object",
                  properties: { id: { type: "string", pattern: "^[a-z]+$" }, count: { type: "integer" } },
                  required: ["id"],
                  additionalProperties: false,
                },
              },
            },
          },
          404: problem,
          500: problem,
        },
      },
      delete: { responses: { 204: { description: "gone" } } },
    },
  },
  components: {
    schemas: { Problem: { type: "object", properties: { title: { type: "string" } }, required: ["title", "status"] } },
  },
});

interface Given {
  readonly type?: string;
  readonly etag?: string;
}

function faults(status: number, text: string | null, { type = "application/json", etag = '"1"' }: Given = {}) {
  const headers = new Headers({ ...(type === "" ? {} : { "content-type": type }), ...(etag ? { etag } : {}) });
  return judge.faultsOf("GET /things/{id}", { status, headers, text }).map(({ kind, detail }) => `${kind}: ${detail}`);
}
const PROBLEM = { type: "application/problem+json" };

describe("an answer", () => {
  test("as documented has no fault", () => {
    expect(faults(200, '{"id":"a","count":2}')).toEqual([]);
    expect(faults(200, '{"id":"a"}', { type: "application/json; charset=utf-8" })).toEqual([]);
    expect(faults(404, '{"title":"Not found","status":404}', PROBLEM)).toEqual([]);
  });

  test("of 5xx is a fault, also where it is documented", () => {
    expect(faults(500, '{"title":"Oh","status":500}', PROBLEM)).toEqual(["server-error: answered 500"]);
    expect(faults(503, "", PROBLEM)).toEqual([
      "server-error: answered 503",
      "undocumented: status 503 is not documented",
    ]);
  });

  test("of a status or media type that nobody documented is a fault", () => {
    expect(faults(418, "")).toEqual(["undocumented: status 418 is not documented"]);
    expect(faults(200, "<p>", { type: "text/html" })).toEqual(["undocumented: 200 as text/html is not documented"]);
    expect(faults(200, "", { type: "" })).toEqual(["undocumented: 200 as no media type is not documented"]);
  });

  test("whose body is not as documented is a fault", () => {
    for (const body of ['{"count":1}', '{"id":"A"}', '{"id":"a","count":"1"}', '{"id":"a","more":1}', "[]", "{"])
      expect(faults(200, body)).toEqual([expect.stringMatching(/^schema: 200: (?:the )?body/)]);
    expect(faults(404, '{"status":404}', PROBLEM)).toEqual([expect.stringMatching("title")]);
    expect(faults(404, '{"title":"?","status":400}', PROBLEM)).toEqual([expect.stringMatching("says status 400")]);
  });

  test("without a documented header is a fault", () => {
    expect(faults(200, '{"id":"a"}', { etag: "" })).toEqual(["schema: 200: the documented header ETag is missing"]);
  });

  test("with a body where none is documented is a fault", () => {
    const given = (text: string) =>
      judge.faultsOf("DELETE /things/{id}", { status: 204, headers: new Headers(), text }).length;
    expect([given(""), given("{}")]).toEqual([0, 1]);
  });
});

test("what the document does not have is not asked for", () => {
  expect([...judge.operations]).toEqual(["GET /things/{id}", "DELETE /things/{id}"]);
  expect(() => judge.faultsOf("GET /others", { status: 200, headers: new Headers(), text: "" })).toThrow("GET /others");
});

test("a finding shows how to ask again, without the token, and how many more there are", () => {
  const curl = curlOf({
    method: "POST",
    url: "http://127.0.0.1:1/a?b=c",
    headers: { authorization: "Bearer secret", "content-type": "application/json" },
    body: `{"a":"it's"}`,
  });
  expect(curl).toContain('-H "Authorization: Bearer $TOKEN"');
  expect(curl).not.toContain("secret");
  const words = Bun.spawnSync(["sh", "-c", `curl() { printf '%s\\n' "$@"; }; ${curl}`], { env: { TOKEN: "mine" } });
  expect(words.stdout.toString().split("\n")).toEqual(
    expect.arrayContaining(["Authorization: Bearer mine", `{"a":"it's"}`, "http://127.0.0.1:1/a?b=c"]),
  );
  const finding: Finding = { kind: "schema", operation: "GET /a", detail: "is wrong", curl };
  const [first, ...others] = distinct([finding, { ...finding, curl: "another" }, { ...finding, detail: "too" }]);
  expect(others).toHaveLength(1);
  expect(first && findingText(first)).toBe(`SCHEMA GET /a: is wrong (and 1 more like it)\n  ${curl}`);
});
