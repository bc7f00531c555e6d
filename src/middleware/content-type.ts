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
      const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
      const first = await reader.read();
      const sniffed = new Response(first.done ? null : resume(first.value, reader), response);
      if (first.done) return sniffed;
      const type = sniffContentType(first.value);
      return editResponse(sniffed, (edited) => edited.set("Content-Type", type));
    };
  },
};

/** What was read, then the rest as it is asked for. */
function resume(first: Uint8Array, reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStream<Uint8Array> {
  let waiting: Uint8Array | undefined = first;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = waiting ?? (await reader.read()).value;
        waiting = undefined;
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
