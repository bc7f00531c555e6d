import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { HandleConnection } from "./handle-connection.ts";
import { tcpBinding } from "./tcp-binding.ts";

export interface TakenHandle {
  connection: HandleConnection;
  /** What the socket had read, and nobody took. */
  rest: Buffer | undefined;
}

/**
 * Takes over the handle of a socket that nobody reads any more. The socket closes when the connection does, and the other
 * way round; it goes on to tell how many bytes have passed.
 *
 * @returns undefined, and nothing has changed, for a socket that this cannot be done with: TLS, one that is ending, one
 *   with bytes still to be sent
 */
export function takeHandle(socket: Socket): TakenHandle | undefined {
  const internals = socket as Socket & { _handle?: unknown; _readableState?: { ended?: unknown } };
  const handle = internals._handle;
  const isIdle = !socket.destroyed && !socket.connecting && socket.writableLength === 0 && !socket.writableEnded;
  if (socket instanceof TLSSocket || !isIdle || socket.readableEnded) return undefined;
  if (tcpBinding === undefined || !(handle instanceof tcpBinding.TCP)) return undefined;
  const rest = drain(socket);
  if (internals._readableState?.ended !== false) {
    if (rest !== undefined) socket.unshift(rest);
    return undefined;
  }
  handle.readStop();
  internals._handle = null;
  const connection = new HandleConnection(handle, handle);
  Object.defineProperties(socket, {
    bytesRead: { get: () => connection.bytesRead },
    bytesWritten: { get: () => connection.bytesWritten },
  });
  connection.once("close", () => socket.destroy());
  socket.once("close", () => connection.destroy());
  return { connection, rest };
}

function drain(socket: Socket): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) chunks.push(chunk);
  return chunks.length === 0 ? undefined : Buffer.concat(chunks);
}
