/** Kubernetes' quantities, as far as the manifests use them. */

/** CPU in cores; undefined for what is none. */
export function cores(quantity: unknown): number | undefined {
  const [, number, milli] = /^(\d+(?:\.\d+)?)(m?)$/.exec(String(quantity)) ?? [];
  return number === undefined ? undefined : Number(number) / (milli === "m" ? 1000 : 1);
}

/** Memory in MiB; undefined for what is none. */
export function mebibytes(quantity: unknown): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(Mi|Gi)$/.exec(String(quantity)) ?? [];
  return number === undefined ? undefined : Number(number) * (unit === "Gi" ? 1024 : 1);
}
