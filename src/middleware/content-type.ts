import { editResponse } from "../exchange/edit-response.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { sniffContentType } from "./sniff-content-type.ts";

/**
 * Traefik's contentType (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/contenttype/): an
 * answer that does not say what it is gets the type that its first bytes tell. Nothing is told without it.
 */
export const contentType: MiddlewareFactory<"contentType"> = {
  type: "contentType",
  build({ autoDetect }) {
    if (!autoDetect) return (next) => next;
    return (next) => async (exchange) => {
      const response = await next(exchange);
      const { body, headers } = response;
      if (body === null || headers.has("content-type") || headers.has("content-encoding")) return response;
      // A stream made here would have lost the body's length, and would cost work for each of its chunks.
      const [probe, rest] = body.tee();
      const first = await readFirst(probe);
      const passed = new Response(rest, response);
      if (first === undefined) return passed;
      const type = sniffContentType(first);
      return editResponse(passed, (edited) => edited.set("Content-Type", type));
    };
  },
};

/** The first bytes of a body, which is then let go; undefined when there are none, or it breaks off before them. */
async function readFirst(body: ReadableStream<Uint8Array>): Promise<Uint8Array | undefined> {
  const reader = body.getReader();
  const first = await reader.read().catch(() => undefined);
  void reader.cancel().catch(() => {});
  return first?.value;
}
