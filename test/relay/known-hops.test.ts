import { describe, expect, it } from "vitest";
import { BoundedMap } from "../../relay/origin-gateway/bounded-map.ts";
import { headerName } from "../../relay/origin-gateway/header-names.ts";
import { KnownHops } from "../../relay/origin-gateway/known-hops.ts";
import { hopTo, ready, tableOf } from "./gateway-harness.ts";

describe("known hops", () => {
  it("are read once for each table", async () => {
    const hops = new KnownHops();
    const [table, next] = [tableOf({ app: { endpoints: ready(1) } }), tableOf({ app: { endpoints: ready(2) } })];
    const packed = await hopTo("app");
    const known = hops.read(packed, table);
    expect(known?.hop).toMatchObject({ service: "app", clientAddress: "192.0.2.1" });
    expect(hops.read(`${packed}`, table)).toBe(known);
    expect(hops.read(packed, next)).not.toBe(known);
    expect(hops.read(packed, table)).not.toBe(known);
  });

  it.each(["", "1", "1 a b", "2 x app http 80 - - - 7 a"])("are none of what no edge packs: %j", (packed) => {
    expect(new KnownHops().read(packed, undefined)).toBeUndefined();
  });

  it("tell clients apart", async () => {
    const hops = new KnownHops();
    for (let i = 0; i < 10_000; i++) {
      const clientAddress = `10.0.${i >> 8}.${i & 255}`;
      const packed = `1 token app https 443 ${clientAddress} - - 7 app.example.com`;
      expect(hops.read(packed, undefined)?.hop.clientAddress).toBe(clientAddress);
    }
  });
});

describe("a bounded map", () => {
  it("never holds more than it may, and what was set last", () => {
    const map = new BoundedMap<number, number>(3);
    for (let i = 0; i < 100; i++) {
      map.set(i, i);
      expect(map.get(i)).toBe(i);
      const held = Array.from({ length: i + 1 }, (_, key) => map.get(key)).filter((value) => value !== undefined);
      expect(held.length).toBeLessThanOrEqual(3);
    }
    map.set(99, 1);
    expect(map.get(99)).toBe(1);
  });
});

describe("a header's name", () => {
  it.each([
    ["X-Custom", "passes"],
    ["Content-Length", "passes"],
    ["X-Forwarded-For", "forwarded"],
    ["X_Forwarded_For", "forwarded"],
    ["Connection", "connection"],
    ["Transfer-Encoding", "dropped"],
    ["Transfer_Encoding", "dropped"],
    ["Content_Length", "dropped"],
    ["Sluice-Hop", "dropped"],
    ["sluice_hop", "dropped"],
    ["Cookie", "cookie"],
    ["HOST", "host"],
    ["TE", "te"],
    ["Upgrade", "upgrade"],
    ["Expect", "dropped"],
  ])("%s %s", (name, kind) => {
    for (let times = 0; times < 2; times++) expect(headerName(name)).toEqual({ lower: name.toLowerCase(), kind });
  });

  it("is told rightly however many others were made up", () => {
    for (let i = 0; i < 5_000; i++) expect(headerName(`X-${i}`).kind).toBe("passes");
    expect(headerName("Transfer-Encoding").kind).toBe("dropped");
  });
});
