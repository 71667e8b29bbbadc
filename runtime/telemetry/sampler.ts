/**
 * Which requests are traced. Decided once, where a trace begins, and before anything is made for it: a request that is
 * not sampled costs one draw of chance. Everything that it sets off goes by the same decision, for it carries the mark.
 *
 * A caller that has decided to trace is followed, but whoever can send a request can say so, and traces cost money: beyond
 * an allowance such a request is decided on as one without a caller.
 */
import { fraction, type Random } from "../random.ts";
import { isSampled } from "./trace-context.ts";

export const SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;
/** The names and meanings of OTEL_TRACES_SAMPLER. */
export type SamplerName = (typeof SAMPLERS)[number];

/** `inbound`: the caller's traceparent. */
export type Sampler = (inbound: string | null) => boolean;

/** `ratio`: from 0 to 1, for the two that take one. `allows`: another one may be traced because its caller says so. */
export function createSampler(name: SamplerName, ratio: number, random: Random, allows: () => boolean): Sampler {
  const own = () => {
    if (name.endsWith("always_on")) return true;
    if (name.endsWith("always_off")) return false;
    return ratio >= 1 || (ratio > 0 && fraction(random) < ratio);
  };
  if (!name.startsWith("parentbased_")) return own;
  return (inbound) => {
    if (inbound === null) return own();
    return isSampled(inbound) && (allows() || own());
  };
}
