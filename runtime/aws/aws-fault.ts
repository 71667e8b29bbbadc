/**
 * What the SDK throws, in words that repeat nothing of an answer: there may be values in it. Only the name of an error,
 * its HTTP status and the action that was denied are told.
 */
export interface AwsFault {
  /** `unavailable`: the same again may work. */
  readonly kind: "denied" | "refused" | "unavailable";
  readonly text: string;
  /** What was denied, where the answer names it. */
  readonly action: string | null;
}

const DENIED = /^(?:AccessDenied|UnauthorizedOperation|NotAuthorized)/;
const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown/;

/** Reads an error of the SDK. */
export function awsFault(error: unknown): AwsFault {
  const name = textOf(error, "name") || "Error";
  const status = statusOf(error);
  const code = textOf(error, "code");
  const text = [name, code, status === undefined ? "" : `HTTP ${status}`].filter((part) => part !== "").join(", ");
  const action = /\b(?:ssm|kms|secretsmanager|sts):[A-Za-z]+/.exec(textOf(error, "message"))?.[0] ?? null;
  if (name === "CredentialsProviderError")
    return {
      kind: "refused",
      text: `${text}: there are no credentials for AWS; in a cluster give the ServiceAccount a role`,
      action,
    };
  if (DENIED.test(name)) return { kind: "denied", text, action };
  const isFinal = status !== undefined && status >= 400 && status < 500 && !THROTTLED.test(name);
  return { kind: isFinal ? "refused" : "unavailable", text, action };
}

function textOf(error: unknown, property: "name" | "code" | "message"): string {
  const found: unknown = typeof error === "object" && error !== null ? Reflect.get(error, property) : undefined;
  return typeof found === "string" ? found : "";
}

function statusOf(error: unknown): number | undefined {
  const metadata: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "$metadata") : undefined;
  const status: unknown =
    typeof metadata === "object" && metadata !== null ? Reflect.get(metadata, "httpStatusCode") : undefined;
  return typeof status === "number" ? status : undefined;
}
