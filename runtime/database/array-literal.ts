/** A PostgreSQL array literal, to be sent as text with a cast such as `$1::text[]`. */
export function arrayLiteral(values: readonly (string | number)[]): string {
  let literal = "{";
  for (let i = 0; i < values.length; i++) {
    if (i > 0) literal += ",";
    const value = values[i];
    literal += typeof value === "number" ? value : `"${String(value).replace(/["\\]/g, "\\$&")}"`;
  }
  return `${literal}}`;
}
