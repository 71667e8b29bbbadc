/** Something that a test needs and that cannot be had on this machine; the message says how to get it. */
export class MissingTool extends Error {
  constructor(
    readonly tool: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${tool} is not to be had: ${hint}`, options);
    this.name = "MissingTool";
  }
}

/**
 * Runs `provide`. What cannot be had gives `undefined` and one loud line, so that the caller skips; with `CI=true` it
 * throws instead, because a pipeline that skips proves nothing.
 */
export async function provideOrSkip<T>(what: string, provide: () => Promise<T>): Promise<T | undefined> {
  try {
    return await provide();
  } catch (error) {
    if (!(error instanceof MissingTool) || process.env.CI === "true") throw error;
    console.warn(`SKIPPED ${what}: ${error.message}`);
    return undefined;
  }
}
