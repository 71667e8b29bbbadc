import { expect, test } from "bun:test";
import { asks, commandOf } from "./job-command.ts";
import { pod } from "./objects.ts";

const podWith = (args: readonly string[]) =>
  pod.parse({ metadata: { name: "p", uid: "u" }, spec: { containers: [{ name: "c", image: "i", args }] } });

test("the preview's Service is where its process is", () => {
  const smoke = podWith(["smoke", "--url=http://order-preview:8080", "--modules=order", "--within=60"]);
  expect(asks(smoke, "order-preview")).toBe(true);
  expect(commandOf(smoke, "order-preview", "http://127.0.0.1:9")).toEqual([
    "smoke",
    "--url=http://127.0.0.1:9",
    "--modules=order",
    "--within=5",
  ]);
  const qualified = podWith(["--url", "http://order-preview.genai-demo.svc:8080/x"]);
  expect(commandOf(qualified, "order-preview", "http://127.0.0.1:9")).toEqual(["--url", "http://127.0.0.1:9/x"]);
});

test("another Service, and a job that asks none, is left alone", () => {
  const other = podWith(["smoke", "--url=http://order-preview-2:8080"]);
  expect(asks(other, "order-preview")).toBe(false);
  expect(commandOf(other, "order-preview", "http://127.0.0.1:9")).toEqual([
    "smoke",
    "--url=http://order-preview-2:8080",
  ]);
  expect(asks(podWith(["migrate"]), "order-preview")).toBe(false);
});
