/** Whether what goes to this URL can be read, and its answer be changed, on its way: unencrypted to another machine. */
export function isPlainElsewhere(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}
