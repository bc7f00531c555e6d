import { expect, it } from "vitest";
import { createExchange } from "../../src/exchange/create-exchange.ts";
import { dropConnectionHeaders } from "../../src/exchange/drop-connection-headers.ts";

/** Of these headers, those that are left. */
function leftOf(connection: string, headers: Record<string, string>): string[] {
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
  return Object.keys(headers).filter((name) => exchange.headers.current.has(name));
}

it.each([
  ["keep-alive", ["X-A", "X-B"]],
  ["close, X-A", ["X-B"]],
  ["x-a,X-B", []],
  ["Upgrade", ["X-A", "X-B"]],
  ["not a name, x-b", ["X-A"]],
  ["", ["X-A", "X-B"]],
])("Connection: %s leaves %j", (connection, left) => {
  expect(leftOf(connection, { "X-A": "1", "X-B": "2" })).toEqual(left);
});

it("a client cannot name away what a proxy says of it", () => {
  const said = { "X-Forwarded-For": "203.0.113.1", "x-real-ip": "203.0.113.1", X_Forwarded_Proto: "https" };
  expect(leftOf(Object.keys(said).join(", "), said)).toEqual(Object.keys(said));
});
