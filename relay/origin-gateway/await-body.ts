import type { IncomingMessage } from "node:http";
import { hasBody } from "./request-body.ts";

/**
 * Resolves when a request can be written down without delay: its body has begun to arrive, or it has none, or its
 * client went away. Its first bytes go out with the headers, so a connection that was chosen before would grow old in
 * between.
 */
export function bodyBegun(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!hasBody(request) || request.readableLength > 0 || request.complete || request.destroyed) return resolve();
    const done = (): void => {
      request.off("readable", done).off("close", done);
      resolve();
    };
    request.once("readable", done).once("close", done);
  });
}
