/** A server on loopback that answers with bytes, so that a test can misbehave below HTTP, and counts what it sees. */
import { createServer, type Socket } from "node:net";

export interface RawRequest {
  readonly socket: Socket;
  /** Counted from 1 on its connection. */
  readonly number: number;
  readonly connection: number;
  readonly head: string;
}

export interface RawServer {
  readonly url: string;
  readonly connections: number;
  readonly requests: number;
  /** Connections whose end it has seen. */
  readonly ended: number;
  stop(): Promise<void>;
}

export async function rawServer(answer: (request: RawRequest) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let requests = 0;
  const server = createServer((socket) => {
    const connection = ++connections;
    let number = 0;
    let received = "";
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (data) => {
      received += data.toString();
      const head = /^[\s\S]*?\r\n\r\n/.exec(received)?.[0];
      const length = Number(/content-length: (\d+)/i.exec(head ?? "")?.[1]);
      if (head === undefined || received.length < head.length + length) return;
      received = received.slice(head.length + length);
      requests++;
      answer({ socket, number: ++number, connection, head });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    get connections() {
      return connections;
    },
    get requests() {
      return requests;
    },
    get ended() {
      return connections - sockets.size;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An answer of HTTP/1.1 as it goes over the wire. */
export function rawAnswer(status: string, headers: Readonly<Record<string, string>>, body: string): string {
  const lines = Object.entries({ ...headers, "content-length": String(Buffer.byteLength(body)) });
  return `HTTP/1.1 ${status}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}
