/** Who sends what to whom, and who asks whom: a picture of the modules' declarations, for documents. */
import type { ModuleFacts } from "../module.ts";
import { callersOf, EDGE, topicsOf } from "../registry.ts";

/**
 * A mermaid flowchart. Topics are solid lines, rpc dotted ones. What the edge asks of every module, for operators, is
 * left out.
 */
export function modulesDiagram(modules: readonly ModuleFacts[]): string {
  const lines = modules.map(({ name }) => `${idOf(name)}[${name}]`);
  for (const { name: topic } of topicsOf(modules)) {
    const has = (topics: readonly { readonly name: string }[]) => topics.some(({ name }) => name === topic);
    const senders = modules.filter(({ topics }) => has(topics.sends));
    const receivers = modules.filter(({ topics }) => has(topics.subscribes));
    const label = topic.replace(/^genai-demo\./, "");
    for (const sender of senders) {
      for (const receiver of receivers) lines.push(`${idOf(sender.name)} -->|${label}| ${idOf(receiver.name)}`);
      if (receivers.length === 0) lines.push(`${idOf(sender.name)} -->|${label}| whoever([whoever wants to know])`);
    }
  }
  for (const [method, callers] of callersOf(modules, []))
    for (const caller of callers.filter((name) => name !== EDGE)) {
      const [module = "", name = ""] = method.split(".");
      lines.push(`${idOf(caller)} -.->|${name}| ${idOf(module)}`);
    }
  return ["```mermaid", "flowchart LR", ...lines.map((line) => `  ${line}`), "```"].join("\n");
}

/** Some names, such as `end`, are words of the language. */
const idOf = (module: string) => `m_${module}`;
