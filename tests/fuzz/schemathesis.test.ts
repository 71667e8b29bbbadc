import { expect, test } from "bun:test";
import { readReport } from "./schemathesis.ts";

const encoded = (content: unknown) => ({ $base64: Buffer.from(JSON.stringify(content)).toString("base64") });

function scenario(name: string, status: number, problem: unknown, operation = "POST /api/v1/pricing/coupons") {
  const failure = { title: "it is wrong", message: "…", operation };
  return JSON.stringify({
    ScenarioFinished: {
      recorder: {
        label: operation,
        checks: { a: [{ name, status: "failure", failure_info: { failure } }], b: [{ name, status: "success" }] },
        interactions: Object.fromEntries(
          ["a", "b"].map((id) => [
            id,
            {
              request: {
                method: "POST",
                uri: "http://127.0.0.1:1/api/v1/pricing/coupons",
                headers: { Authorization: ["Bearer secret"] },
                body: encoded({ code: "A" }),
              },
              response: { status_code: status, content: encoded(problem) },
            },
          ]),
        ),
      },
    },
  });
}
const read = (...lines: string[]) => readReport(new Blob([lines.join("\n")]), { role: "operator", seed: 7 });

test("every request is counted, and every check that failed is a finding of its kind", async () => {
  const { requests, findings } = await read(
    '{"Initialize":{"seed":7}}',
    scenario("not_a_server_error", 500, {}),
    scenario("status_code_conformance", 418, {}),
    scenario("response_schema_conformance", 200, {}),
    scenario("negative_data_rejection", 201, {}),
    "",
  );
  expect(requests).toBe(8);
  expect(findings.map(({ kind }) => kind)).toEqual(["server-error", "undocumented", "schema", "promise"]);
  const [first] = findings;
  expect(first?.detail).toBe("not_a_server_error, 500, it is wrong");
  expect(first?.curl).toContain(`--data-raw '{"code":"A"}'`);
  expect(first?.curl).not.toContain("secret");
  expect(first?.curl).toEndWith("# as operator, pass with seed 7");
});

test("a refusal that no schema can say is none; of any other field it is one", async () => {
  const problem = (...fields: string[]) => ({ errors: fields.map((field) => ({ field })) });
  const found = async (status: number, ...fields: string[]) =>
    (await read(scenario("positive_data_acceptance", status, problem(...fields)))).findings.length;
  expect(await found(400, "body.validUntil")).toBe(0);
  expect(await found(400, "body.validUntil", "body.code")).toBe(1);
  expect(await found(400, "body.code")).toBe(1);
  expect(await found(400)).toBe(1);
  expect(await found(422, "body.validUntil")).toBe(1);
});

test("what the tool itself could not do is a finding, or ends the run", async () => {
  const { findings } = await read('{"NonFatalError":{"label":"GET /a","value":{"message":"refused"}}}');
  expect(findings).toMatchObject([{ kind: "unfinished", operation: "GET /a" }]);
  await expect(read('{"FatalError":{"message":"no memory"}}')).rejects.toThrow("gave up");
});
