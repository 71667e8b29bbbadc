/**
 * One keep-alive HTTP/1.1 connection to a server on loopback, one request at a time, at the least CPU: a load
 * generator that shares the machine with what it measures must stay small beside it, and `fetch` does not.
 *
 * A connection that ends or a response that cannot be read answers the request under way with status 0; the next
 * request opens the connection anew.
 */
import type { Socket } from "bun";

/** Status 0: no answer came. `head`: status line and header fields, in lower case. */
export type OnAnswer = (status: number, body: string, head: string) => void;

export interface HttpConnection {
  /** Sends a whole request. Only after the last one was answered. */
  send(request: string, onAnswer: OnAnswer): void;
  close(): void;
}

/** A connection to `127.0.0.1:port`, opened with its first request. */
export function httpConnection(port: number): HttpConnection {
  let socket: Socket | undefined;
  let waiting: OnAnswer | undefined;
  let received = "";

  const answer = (status: number, body: string, head = "") => {
    const onAnswer = waiting;
    waiting = undefined;
    received = "";
    onAnswer?.(status, body, head);
  };
  const lost = (which: Socket) => {
    if (which !== socket) return;
    socket = undefined;
    answer(0, "");
  };
  const handlers = {
    data(from: Socket, chunk: Buffer) {
      if (from !== socket) return;
      received += chunk.toString("latin1");
      const response = readResponse(received);
      if (response === "incomplete") return;
      if (response === "unreadable" || response.closes) {
        socket = undefined;
        from.end();
      }
      if (response === "unreadable") answer(0, "");
      else answer(response.status, response.body, response.head);
    },
    close: lost,
    error: lost,
  };

  return {
    send(request, onAnswer) {
      waiting = onAnswer;
      if (socket !== undefined) {
        write(socket, request);
        return;
      }
      Bun.connect({ hostname: "127.0.0.1", port, socket: handlers }).then(
        (opened) => {
          socket = opened;
          write(opened, request);
        },
        () => answer(0, ""),
      );
    },
    close() {
      const open = socket;
      socket = undefined;
      open?.end();
    },
  };
}

function write(socket: Socket, request: string): void {
  const written = socket.write(request);
  // A request of some kilobytes fits the socket's buffer when the one before it was answered.
  if (written !== request.length) socket.end();
}

interface Response {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  readonly closes: boolean;
}

/** Reads the response that `text` (one character a byte) begins with. */
export function readResponse(text: string): Response | "incomplete" | "unreadable" {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return "incomplete";
  const head = text.slice(0, headEnd).toLowerCase();
  const status = Number(head.slice(9, 12));
  if (!head.startsWith("http/1.1 ") || !(status >= 100)) return "unreadable";
  const closes = head.includes("\r\nconnection: close");
  const rest = text.slice(headEnd + 4);
  if (status === 204 || status === 304) return { status, head, body: "", closes };
  const lengthAt = head.indexOf("\r\ncontent-length:");
  if (lengthAt >= 0) {
    const length = Number.parseInt(head.slice(lengthAt + 17), 10);
    if (rest.length < length) return "incomplete";
    return { status, head, body: rest.slice(0, length), closes };
  }
  if (!head.includes("\r\ntransfer-encoding: chunked")) return "unreadable";
  const body = readChunks(rest);
  return body === undefined ? "incomplete" : { status, head, body, closes };
}

function readChunks(text: string): string | undefined {
  let body = "";
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (!(size >= 0)) return undefined;
    if (text.length < lineEnd + 2 + size + 2) return undefined;
    if (size === 0) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}
