/** Starts a server again that ended by itself, where it was and on what it has kept, until it comes up or all ends. */
import { messageOf } from "../../../error-text.ts";
import type { Scheduler } from "../../../scheduler.ts";
import type { OwnServer } from "./own-servers.ts";

const LOOK_EVERY_MS = 1_000;

/** Looks after it; the returned function ends that, and resolves when nobody starts it any more. */
export function keepUp(
  name: string,
  server: Pick<OwnServer, "pid" | "start">,
  { scheduler, say }: { readonly scheduler: Scheduler; readonly say: (line: string) => void },
): () => Promise<void> {
  const { promise: isOver, resolve: end } = Promise.withResolvers<"over">();
  let told: string | null = null;

  async function look(): Promise<void> {
    const { pid } = server;
    try {
      await server.start();
      if (server.pid !== pid) say(`${name.toUpperCase()} ENDED BY ITSELF and runs again`);
      told = null;
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== told) say(`${name.toUpperCase()} ENDED BY ITSELF and is tried again and again: ${reason}`);
      told = reason;
    }
  }

  async function watch(): Promise<void> {
    while ((await Promise.race([scheduler.sleep(LOOK_EVERY_MS), isOver])) !== "over") await look();
  }

  const watching = watch();
  return () => {
    end("over");
    return watching;
  };
}
