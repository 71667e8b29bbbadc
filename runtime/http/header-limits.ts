/**
 * Limits on the header fields of a request, all of them below those of Bun's own parser, which answers before any code
 * of ours: 400 to what is no HTTP, 431 to 200 fields or more and to a head (request line and fields) of 16 KiB or more.
 * Its answers have no body and close the connection. What it lets through and is over ours gets a problem document.
 */
export const HEADER_COUNT_LIMIT = 100;
/** Names and values together: room for the longest token (8 KiB) and as much as others are likely to need beside it. */
export const HEADER_BYTES_LIMIT = 11 * 1024;

/** What is wrong with the fields, in one line; undefined where nothing is. */
export function headersFault(headers: Headers): string | undefined {
  if (headers.count > HEADER_COUNT_LIMIT) return `There are more than ${HEADER_COUNT_LIMIT} header fields. Send fewer.`;
  const fields = headers.toJSON();
  let size = 0;
  for (const name in fields) size += name.length + (fields[name]?.length ?? 0);
  if (size > HEADER_BYTES_LIMIT) return `The header fields have more than ${HEADER_BYTES_LIMIT} bytes. Send less.`;
  return undefined;
}
