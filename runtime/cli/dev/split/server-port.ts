/** TCP ports on loopback for servers that go away and come back on the same port. */
import { createServer } from "node:net";
import { pick, systemRandom } from "../../../random.ts";
import { StartError } from "../../../start-error.ts";

/**
 * Below what Linux (32768) and macOS (49152) give to outgoing connections: a client that dials a server which is down
 * for a moment could otherwise be given the server's very port, connect to itself and keep the server from coming back.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 100;

/** So that several that are chosen now and used later differ. */
const given = new Set<number>();
const random = systemRandom();

/** A free port, another one each time; another process may take it before its user does. */
export async function freeServerPort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = LOWEST + pick(random, HIGHEST - LOWEST);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST} in ${TRIES} tries`);
}

/** Different free ports. */
export async function freeServerPorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freeServerPort());
  return [...ports];
}

/** Throws a `StartError` when something listens there; 0 is any free port. */
export async function refuseTakenPort(hostname: string, port: number): Promise<void> {
  if (port === 0 || (await isFree(port, hostname))) return;
  throw new StartError(`port ${port} on ${hostname} is in use: stop what listens there, or set PORT to another port.`);
}

function isFree(port: number, hostname = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, hostname, () => server.close(() => resolve(true)));
  });
}
