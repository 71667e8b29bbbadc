/** Source of chance. The product asks this port; a simulation gives it a seeded generator. */
export interface Random {
  /** A whole number, evenly drawn from 0 to 2^32 - 1. */
  uint32(): number;
}

/** Cryptographic randomness, drawn in blocks because one draw a call is slow. */
export function systemRandom(): Random {
  const block = new Uint32Array(256);
  let next = block.length;
  return {
    uint32() {
      if (next === block.length) {
        crypto.getRandomValues(block);
        next = 0;
      }
      const value = block[next++];
      if (value === undefined) throw new Error("random block exhausted");
      return value;
    },
  };
}

/** xoshiro128**, seeded through splitmix32: the same seed gives the same numbers on every machine. */
export function seededRandom(seed: number): Random {
  let mix = seed >>> 0;
  const splitmix = () => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [a, b, c, d] = [splitmix(), splitmix(), splitmix(), splitmix()];
  const rotate = (x: number, k: number) => ((x << k) | (x >>> (32 - k))) >>> 0;
  return {
    uint32() {
      const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
      const t = (b << 9) >>> 0;
      c = (c ^ a) >>> 0;
      d = (d ^ b) >>> 0;
      b = (b ^ c) >>> 0;
      a = (a ^ d) >>> 0;
      c = (c ^ t) >>> 0;
      d = rotate(d, 11);
      return result;
    },
  };
}

/** A whole number from 0 to `below` - 1. */
export function pick(random: Random, below: number): number {
  return Math.floor((random.uint32() / 2 ** 32) * below);
}

/** A number in [0, 1). */
export function fraction(random: Random): number {
  return random.uint32() / 2 ** 32;
}
