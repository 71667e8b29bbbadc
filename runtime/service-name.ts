/** What a process is called in telemetry: as it is told, else its module where it runs one of several, else the platform. */
export function serviceNameOf(config: {
  readonly serviceName: string | null;
  readonly modules: readonly string[];
}): string {
  const [only, ...others] = config.modules;
  return config.serviceName ?? (only !== undefined && others.length === 0 ? only : PLATFORM);
}

export const PLATFORM = "genai-demo";
