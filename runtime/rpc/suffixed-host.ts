/** An address with another first name: `http://order.shop:8081` and `-pods` make `http://order-pods.shop:8081`. */
export function suffixedHost(address: string, suffix: string): string {
  if (suffix === "") return address;
  const url = new URL(address);
  url.hostname = url.hostname.replace(/^[^.]+/, (name) => `${name}${suffix}`);
  return url.href.replace(/\/$/, "");
}
