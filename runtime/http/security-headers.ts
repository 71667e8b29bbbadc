/** On every answer. The policy is that of an API: nothing may load from it or frame it; pages replace it with their own. */
export const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** Adds what is missing to an answer that was not made by `toResponse`. */
export function secured(response: Response): Response {
  if (response.headers.has("x-content-type-options") && response.headers.has("content-security-policy"))
    return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) if (!headers.has(name)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
