import type { MiddlewareType } from "../../src/table/middleware.ts";
import { minimalOptions } from "./minimal-options.ts";
import { build, exchangeOf } from "./run-middleware.ts";

interface Socket {
  accept(): void;
  addEventListener(type: "message", listener: (event: { data: string }) => void): void;
  send(data: string): void;
}
declare const WebSocketPair: new () => { readonly 0: Socket; readonly 1: Socket };

/** A Worker that answers `/<type>` by that middleware in front of an echoing WebSocket. */
export default {
  async fetch(request: Request): Promise<Response> {
    const type = new URL(request.url).pathname.slice(1) as MiddlewareType;
    const echo = async (): Promise<Response> => {
      const { 0: client, 1: server } = new WebSocketPair();
      server.accept();
      server.addEventListener("message", ({ data }) => server.send(`echo ${data}`));
      const init: object = { status: 101, webSocket: client, headers: { "Set-Cookie": "a=1" } };
      return new Response(null, init);
    };
    return build(minimalOptions[type])(echo)(exchangeOf({ url: "https://a.com/a/b" }));
  },
};
