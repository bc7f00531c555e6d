import { describe, expect, it } from "vitest";
import { GatewayTableHolder } from "../../relay/table/gateway-table-holder.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Table } from "../../src/table/table.ts";

function tableOf(services: Record<string, string[]>): Table {
  const names = Object.keys(services);
  return {
    ...emptyTable(),
    services: Object.fromEntries(
      names.map((name) => [
        name,
        {
          type: "loadBalancer",
          endpoints: `${name}-pods`,
          scheme: "http",
          passHostHeader: true,
          transport: "gateway",
          serversTransport: `${name}-tls`,
        },
      ]),
    ),
    endpoints: Object.fromEntries(
      names.map((name) => [
        `${name}-pods`,
        { endpoints: (services[name] ?? []).map((address) => ({ address, port: 80, state: "ready" })) },
      ]),
    ),
    serversTransports: Object.fromEntries(names.map((name) => [`${name}-tls`, { serverName: name }])),
  };
}
const state = (table: Table, generation?: number) => ({
  id: "",
  freshAt: 0,
  table,
  pointer: generation === undefined ? null : { publisher: "test", epoch: 1, generation, root: "root" },
});

describe("the gateway's table", () => {
  it("is the feed's, with its pointer", () => {
    const holder = new GatewayTableHolder({ now: () => 0 });
    expect(holder.current()).toBeUndefined();
    const table = tableOf({ a: ["10.0.0.1"] });
    holder.take(state(table, 7));
    expect(holder.current()).toMatchObject({
      pointer: { generation: 7 },
      services: table.services,
      endpoints: table.endpoints,
    });
  });

  it("names no generation that an edge could look for before the beacon has accepted one", () => {
    const holder = new GatewayTableHolder({ now: () => 0 });
    expect(holder.take(state(tableOf({}))).pointer.generation).toBe(0);
  });

  it("knows a middleware for some time after it left, and the newest of a name", () => {
    let now = 0;
    const holder = new GatewayTableHolder({ now: () => now, keepMs: 100 });
    const withAmount = (amounts: Record<string, number>): Table => ({
      ...emptyTable(),
      middlewares: Object.fromEntries(
        Object.entries(amounts).map(([name, amount]) => [name, { type: "inFlightReq", amount }]),
      ),
    });
    const amountsOf = (): (readonly [string, unknown])[] =>
      Object.entries(holder.current()?.middlewares ?? {}).map(([name, options]) => [
        name,
        Reflect.get(options, "amount"),
      ]);
    holder.take(state(withAmount({ a: 1, b: 2 })));
    holder.take(state(withAmount({ b: 3 })));
    expect(amountsOf()).toEqual([
      ["b", 3],
      ["a", 1],
    ]);
    now = 99;
    holder.take(state(withAmount({ b: 3, a: 4 })));
    expect(Object.fromEntries(amountsOf())).toEqual({ a: 4, b: 3 });
    holder.take(state(withAmount({ b: 3 })));
    now = 199;
    holder.take(state(withAmount({ b: 3 })));
    expect(amountsOf()).toEqual([["b", 3]]);
  });

  it("knows a service for some time after it left, with what it had last, and then no more", () => {
    let now = 0;
    const holder = new GatewayTableHolder({ now: () => now, keepMs: 100 });
    holder.take(state(tableOf({ a: ["10.0.0.1"], b: ["10.0.0.2"] })));
    holder.take(state(tableOf({ b: ["10.0.0.3"] })));
    now = 99;
    const soon = holder.take(state(tableOf({ b: ["10.0.0.4"] })));
    expect(Object.keys(soon.services)).toEqual(["b", "a"]);
    expect(soon.endpoints["a-pods"]?.endpoints).toMatchObject([{ address: "10.0.0.1" }]);
    expect(soon.serversTransports["a-tls"]).toEqual({ serverName: "a" });
    now = 100;
    const later = holder.take(state(tableOf({ b: ["10.0.0.4"] })));
    expect([Object.keys(later.services), Object.keys(later.endpoints)]).toEqual([["b"], ["b-pods"]]);
  });

  it("lets go at once of endpoints that left a service which is still there", () => {
    const holder = new GatewayTableHolder({ now: () => 0 });
    holder.take(state(tableOf({ a: ["10.0.0.1", "10.0.0.2"] })));
    expect(holder.take(state(tableOf({ a: ["10.0.0.2"] }))).endpoints["a-pods"]?.endpoints).toMatchObject([
      { address: "10.0.0.2" },
    ]);
  });

  it("takes a service that came back as it is now", () => {
    const holder = new GatewayTableHolder({ now: () => 0 });
    holder.take(state(tableOf({ a: ["10.0.0.1"] })));
    holder.take(state(tableOf({})));
    expect(holder.take(state(tableOf({ a: ["10.0.0.9"] }))).endpoints["a-pods"]?.endpoints).toMatchObject([
      { address: "10.0.0.9" },
    ]);
  });
});
