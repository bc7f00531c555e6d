import type { ClientExchange } from "./client-exchange.ts";

/**
 * Resolves when a request can be written down without delay: its body has begun to arrive, or it has none, or its
 * client went away. Its first bytes go out with the headers, so a connection that was chosen before would grow old in
 * between.
 */
export function bodyBegun({ hasBody, body }: Pick<ClientExchange, "hasBody" | "body">): Promise<void> {
  return new Promise((resolve) => {
    if (!hasBody || body.readableLength > 0 || body.readableEnded || body.destroyed) return resolve();
    const done = (): void => {
      body.off("readable", done).off("end", done).off("close", done);
      resolve();
    };
    body.once("readable", done).once("end", done).once("close", done);
  });
}
