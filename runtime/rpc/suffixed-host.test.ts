import { expect, test } from "bun:test";
import { suffixedHost } from "./suffixed-host.ts";

test("the suffix ends the first name of the host, and nothing else of the address changes", () => {
  expect(suffixedHost("http://order:8081", "-pods")).toBe("http://order-pods:8081");
  expect(suffixedHost("http://order.shop.svc:8081/rpc", "-pods")).toBe("http://order-pods.shop.svc:8081/rpc");
});

test("without one the address stays as it is", () => {
  expect(suffixedHost("http://order:8081/", "")).toBe("http://order:8081/");
});
