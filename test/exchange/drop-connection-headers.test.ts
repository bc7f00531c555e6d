import { expect, it } from "vitest";
import { createExchange } from "../../src/exchange/create-exchange.ts";
import { dropConnectionHeaders } from "../../src/exchange/drop-connection-headers.ts";

it.each([
  ["keep-alive", ["x-a", "x-b"]],
  ["close, X-A", ["x-b"]],
  ["x-a,X-B", []],
  ["Upgrade", ["x-a", "x-b"]],
  ["not a name, x-b", ["x-a"]],
  ["", ["x-a", "x-b"]],
])("Connection: %s leaves %j", (connection, left) => {
  const headers = { "X-A": "1", "X-B": "2" };
  const exchange = createExchange({
    // A Request of Node's refuses the header, so it is given through a plain Headers.
    request: { headers: new Headers({ ...headers, connection }) } as Request,
    scheme: "http",
    entryPoint: "web",
    host: "a.com",
    path: "/",
    query: "",
    client: { address: "192.0.2.1", trusted: false },
    endpoints: () => undefined,
    waitUntil: () => {},
  });
  dropConnectionHeaders(exchange);
  expect([...exchange.headers.current.keys()].filter((name) => name.startsWith("x-"))).toEqual(left);
});
