import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/**
 * Answers an upgrade with the Pod's 101 and joins the two connections: what one side sends the other gets, and one
 * side's end ends the other's.
 */
export function tunnelUpgrade(
  request: IncomingMessage,
  response: ServerResponse,
  pod: Duplex,
  status: number,
  podHeaders: readonly string[],
  answerHeaders: readonly string[],
): void {
  const { socket } = request;
  const lines = [
    `HTTP/1.1 ${status} Switching Protocols`,
    "Connection: Upgrade",
    `Upgrade: ${request.headers.upgrade}`,
  ];
  const headers = [...podHeaders, ...answerHeaders];
  for (let i = 0; i + 1 < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  response.detachSocket(socket);
  socket.setTimeout(0);
  socket.setNoDelay(true);
  socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  join(socket, pod);
  join(pod, socket);
  pod.pipe(socket);
  socket.pipe(pod);
}

/** A side that breaks takes the other with it; pipes pass on only clean ends. */
function join(from: Duplex, to: Duplex): void {
  from.on("error", () => to.destroy());
  from.on("close", () => to.destroy());
}
