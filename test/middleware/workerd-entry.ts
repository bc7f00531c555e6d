import type { MiddlewareType } from "../../src/table/middleware.ts";
import { minimalOptions } from "./minimal-options.ts";
import { build, exchangeOf } from "./run-middleware.ts";

interface Socket {
  accept(): void;
  addEventListener(type: "message", listener: (event: { data: string }) => void): void;
  send(data: string): void;
}
declare const WebSocketPair: new () => { readonly 0: Socket; readonly 1: Socket };

/**
 * A Worker that answers `/<type>` by that middleware in front of an echoing WebSocket, and `/<type>?sized` in front of ten
 * bytes without a type.
 */
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const type = pathname.slice(1) as MiddlewareType;
    const sized = async () =>
      new Response(new TextEncoder().encode("0123456789"), { headers: { "Content-Length": "10" } });
    const echo = async (): Promise<Response> => {
      const { 0: client, 1: server } = new WebSocketPair();
      server.accept();
      server.addEventListener("message", ({ data }) => server.send(`echo ${data}`));
      const init: object = { status: 101, webSocket: client, headers: { "Set-Cookie": "a=1" } };
      return new Response(null, init);
    };
    const origin = search === "?sized" ? sized : echo;
    return build(minimalOptions[type])(origin)(exchangeOf({ url: "https://a.com/a/b" }));
  },
};
