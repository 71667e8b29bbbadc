/** What runs where, for the banner. */
import type { PlatformConfig } from "../../../config/settings.ts";
import { dataFlag } from "../banner.ts";
import { type Member, rpcUrlOf, urlOf } from "./members.ts";
import type { Servers } from "./servers.ts";

export function overview(config: PlatformConfig<string>, members: readonly Member[], { shown }: Servers): string {
  const rows = [
    ["Process", "its own URL", "rpc"],
    ...members.map((member) => [member.group.name, urlOf(member), rpcUrlOf(member)]),
    ["Kafka", shown.kafka],
    ["Redis", shown.redis],
    ["PostgreSQL", `bun run psql MODULE${dataFlag(config)}`],
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `
${lines.map((line) => `  ${line}`).join("\n")}

  The first URL leads each path to its process; each answers /health/ready at its own. What it says stands after its name.
`;
}
