import { expect, test } from "bun:test";
import { loadConfig } from "./load.ts";
import { telemetrySettings } from "./telemetry-settings.ts";

const load = (env: Record<string, string>) => loadConfig(telemetrySettings("serve"), { env });

test("a protocol that is not spoken is refused, not silently replaced", () => {
  for (const env of [
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
  ]) {
    for (const protocol of ["grpc", "http/protobuf"])
      expect(() => load({ [env]: protocol })).toThrow(`${env} is "${protocol}": must be http/json`);
    expect(() => load({ [env]: "http/json" })).not.toThrow();
  }
});

test("an endpoint's password and key are shown to nobody", () => {
  const endpoint = "https://shop:s3cret@collector.example/v1/traces?key=t0ken";
  const { table } = load({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint });
  const shown = table.find(({ env }) => env === "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")?.value;
  expect(shown).toBe("https://shop:***@collector.example/v1/traces?key=***");
  const refusal = () => load({ OTEL_EXPORTER_OTLP_ENDPOINT: "grpc://shop:s3cret@collector.example" });
  expect(refusal).toThrow("must be a URL that begins with http:// or https://");
  expect(refusal).not.toThrow("s3cret");
});

test("a signal is sent where its endpoint, or both signals', is given", () => {
  const sent = (env: Record<string, string>) => {
    const { tracesExporter, metricsExporter } = load(env).config;
    return [tracesExporter, metricsExporter];
  };
  expect(sent({})).toEqual(["none", "none"]);
  expect(sent({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" })).toEqual(["otlp", "otlp"]);
  expect(sent({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://collector:4318/v1/traces" })).toEqual(["otlp", "none"]);
});
