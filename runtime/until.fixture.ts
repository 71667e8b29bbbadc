/** Waits, with a bound, for something to become true. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 4000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`after ${withinMs} ms still not so: ${what}`);
    await Bun.sleep(5);
  }
}
