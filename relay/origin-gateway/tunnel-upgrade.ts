import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/**
 * Answers an upgrade with the Pod's 101 and joins the two connections: what one side sends the other gets, and each
 * direction ends by itself.
 *
 * @param headers name and value in turn
 */
export function tunnelUpgrade(
  request: IncomingMessage,
  response: ServerResponse,
  pod: Duplex,
  headers: readonly string[],
): void {
  const { socket } = request;
  const lines = ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", `Upgrade: ${request.headers.upgrade}`];
  for (let i = 0; i + 1 < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  response.detachSocket(socket);
  socket.setTimeout(0);
  socket.setNoDelay(true);
  socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  join(socket, pod);
  join(pod, socket);
}

/** Pipes pass on clean ends, and what was sent before them; a side that breaks takes the other with it. */
function join(from: Duplex, to: Duplex): void {
  from.on("error", () => to.destroy());
  from.on("close", () => {
    if (!from.readableEnded) to.destroy();
  });
  from.pipe(to);
}
