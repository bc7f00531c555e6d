import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

export interface SpliceOptions {
  /**
   * How long one side may go on after the other has ended its own, in milliseconds; undefined or negative: for as long
   * as it likes.
   */
  terminationDelayMs?: number | undefined;
  /** Told once, when both are closed. */
  onClose: () => void;
}

/**
 * Carries bytes between two connections at the pace of the slower one. The end of one side is passed on as such, so
 * that an answer may still come after it (RFC 9293, section 3.6); a reset of one resets the other.
 *
 * Both must have been made with `allowHalfOpen`.
 */
export function splice(client: Socket, upstream: Socket, { terminationDelayMs = -1, onClose }: SpliceOptions): void {
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
      client.destroy();
      upstream.destroy();
    }, terminationDelayMs);
  };
  forward(client, upstream, ended);
  forward(upstream, client, ended);
  client.once("close", closed);
  upstream.once("close", closed);
}

function forward(from: Socket, to: Socket, ended: () => void): void {
  let isReset = false;
  from.on("data", (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  const end = (): void => {
    to.end();
    ended();
  };
  // A side that ended without a byte has said so already.
  if (from.readableEnded) end();
  else from.once("end", end);
  from.on("error", () => {
    isReset = true;
  });
  from.once("close", () => {
    if (isReset || !isFinishing(to)) reset(to);
  });
  from.resume();
}

/** Whether what was written will still be sent, and then the end. */
const isFinishing = ({ writableEnded }: Duplex): boolean => writableEnded;

/** As the peer learns it: TLS has no resets of its own. */
function reset(socket: Socket): void {
  if ("encrypted" in socket) socket.destroy();
  else socket.resetAndDestroy();
}
