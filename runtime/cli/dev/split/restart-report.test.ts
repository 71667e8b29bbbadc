import { expect, test } from "bun:test";
import { createRestartReport } from "./restart-report.ts";

const [A, B, C] = [named("a"), named("b"), named("c")];
function named(name: string) {
  return { name, modules: [name] };
}

function report() {
  const said: string[] = [];
  let nowMs = 0;
  const restarts = createRestartReport({
    groups: [A, B, C],
    clock: { now: () => nowMs },
    say: (line) => said.push(line),
  });
  const at = (ms: number) => {
    nowMs = ms;
  };
  return { ...restarts, said, at };
}

test("what was saved together is one line, when the last is up", () => {
  const { saved, up, at, said } = report();
  saved({ files: ["runtime/x.ts"], sinceMs: 100 }, [A, B, C]);
  up(B);
  up(A);
  expect(said).toEqual([]);
  at(900);
  up(C);
  expect(said).toEqual(["restarted all 3 processes in 800 ms: runtime/x.ts"]);
  saved({ files: ["modules/a/x.ts"], sinceMs: 1000 }, [A]);
  at(1500);
  up(A);
  up(A);
  expect(said.slice(1)).toEqual(["restarted a in 500 ms: modules/a/x.ts"]);
});

test("a save that comes before the last is up adds to it", () => {
  const { saved, up, at, said } = report();
  saved({ files: ["modules/b/x.ts"], sinceMs: 100 }, [B]);
  saved({ files: ["modules/a/contract.ts"], sinceMs: 200 }, [A, B]);
  up(A);
  saved({ files: ["modules/a/x.ts"], sinceMs: 300 }, [A]);
  up(B);
  expect(said).toEqual([]);
  at(1100);
  up(A);
  expect(said).toEqual(["restarted a and b in 1000 ms: modules/a/contract.ts, modules/a/x.ts, modules/b/x.ts"]);
});

test("nobody waits for one that does not come up, nor is it named", () => {
  const { saved, up, down, said } = report();
  saved({ files: ["x.ts"], sinceMs: 0 }, [A, B]);
  up(A);
  down(B);
  expect(said).toEqual(["restarted a in 0 ms: x.ts"]);
  saved({ files: ["y.ts"], sinceMs: 0 }, [B]);
  down(B);
  down(C);
  expect(said).toHaveLength(1);
  // Mended: it is up with what was saved last.
  saved({ files: ["z.ts"], sinceMs: 0 }, [B]);
  up(B);
  expect(said.slice(1)).toEqual(["restarted b in 0 ms: z.ts"]);
});
