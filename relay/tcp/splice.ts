import type { Socket } from "node:net";
import { type DirectSocket, directSocketOf, readDirectly } from "./direct-read.ts";
import { HandleConnection } from "./handle/handle-connection.ts";
import { spliceHandles } from "./handle/splice-handles.ts";
import type { SpliceOptions } from "./handle/splice-options.ts";
import { type TakenHandle, takeHandle } from "./handle/take-handle.ts";

/**
 * Carries bytes between two connections at the pace of the slower one. The end of one side is passed on as such, so
 * that an answer may still come after it (RFC 9293, section 3.6); a reset of one resets the other.
 *
 * Both must have been made with `allowHalfOpen`, and are not read by anyone else from now on.
 */
export function splice(
  client: Socket | HandleConnection,
  upstream: Socket | HandleConnection,
  options: SpliceOptions,
): void {
  const taken = upstream instanceof HandleConnection ? asHandle(client) : undefined;
  if (taken !== undefined && upstream instanceof HandleConnection) {
    spliceHandles(taken.connection, upstream, options, taken.rest);
  } else spliceSockets(asSocket(client), asSocket(upstream), options);
}

const asHandle = (end: Socket | HandleConnection): TakenHandle | undefined =>
  end instanceof HandleConnection ? { connection: end, rest: undefined } : takeHandle(end);

/** A socket for a connection of which nothing was read. */
export const asSocket = (end: Socket | HandleConnection): Socket =>
  end instanceof HandleConnection ? end.toSocket(directSocketOf) : end;

function spliceSockets(client: Socket, upstream: Socket, { terminationDelayMs = -1, onClose }: SpliceOptions): void {
  const near = sideOf(client);
  const far = sideOf(upstream);
  let open = 2;
  let deadline: NodeJS.Timeout | undefined;
  const closed = (): void => {
    open -= 1;
    if (open > 0) return;
    clearTimeout(deadline);
    onClose();
  };
  const ended = (): void => {
    if (terminationDelayMs < 0 || deadline !== undefined) return;
    deadline = setTimeout(() => {
      near.socket.destroy();
      far.socket.destroy();
    }, terminationDelayMs);
  };
  forward(near, far.socket, ended, closed);
  forward(far, near.socket, ended, closed);
}

type Side = DirectSocket | { socket: Socket; pipeTo?: undefined };

const sideOf = (socket: Socket): Side => readDirectly(socket) ?? { socket };

function forward(from: Side, to: Socket, ended: () => void, closed: () => void): void {
  const { socket } = from;
  const end = (): void => {
    // Closing says the same as ending, once there is nothing more to be read or sent.
    if (to.readableEnded && to.writableLength === 0 && !("encrypted" in to)) to.destroy();
    else to.end();
    ended();
  };
  // A side that ended without a byte has said so already.
  if (socket.readableEnded) end();
  else socket.on("end", end);
  socket.on("close", (isReset: boolean) => {
    if (!to.destroyed && (isReset || !to.writableEnded)) reset(to);
    closed();
  });
  if (from.pipeTo === undefined) copy(socket, to);
  else {
    if (from.rest !== undefined) to.write(from.rest);
    from.pipeTo(to);
  }
}

/** The way of all streams. */
function copy(from: Socket, to: Socket): void {
  from.on("data", (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.resume();
}

/** As the peer learns it: TLS has no resets of its own. */
function reset(socket: Socket): void {
  if ("encrypted" in socket) socket.destroy();
  else socket.resetAndDestroy();
}
