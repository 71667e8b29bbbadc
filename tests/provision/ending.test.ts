import { expect, test } from "bun:test";
import { join } from "node:path";

const file = (name: string) => JSON.stringify(join(import.meta.dir, name));

test("a client that runs at the end is ended, and nothing begins after it", async () => {
  // In a process of its own: this one goes on.
  const script = `const { runClient } = await import(${file("registry-client.ts")});
    const { installOnce } = await import(${file("cache.ts")});
    const { endProvisioning } = await import(${file("ending.ts")});
    const say = (error) => console.log(error.message.split("\\n")[0]);
    const running = runClient(["sleep", "60"], { hint: "it was ended" });
    endProvisioning();
    await running.catch(say);
    await runClient(["sleep", "60"], { hint: "never" }).catch(say);
    await installOnce("nothing-of-that-name", () => console.log("never")).catch(say);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  expect((await new Response(child.stdout).text()).trim().split("\n")).toEqual([
    "sleep 60 is not to be had: it was ended",
    "sleep 60 is not to be had: this process is about to end",
    "nothing-of-that-name is not to be had: this process is about to end",
  ]);
});
