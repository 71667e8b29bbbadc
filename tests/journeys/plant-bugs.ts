/** Preloaded into a process of the platform, it plants the bugs that PLANTED_BUGS names before the product is loaded. */
import * as z from "zod";
import { plant } from "../simulation/mutants.ts";

const bugs = z.array(z.object({ name: z.string(), file: z.string(), find: z.string(), replace: z.string() }));
for (const bug of bugs.parse(JSON.parse(process.env.PLANTED_BUGS ?? "[]"))) plant(bug);
