import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeHop } from "../../src/hop/decode-hop.ts";
import { encodeHop } from "../../src/hop/encode-hop.ts";
import type { Hop, HopGuards } from "../../src/hop/hop.ts";

const anyText = fc.string({ unit: "binary" });
const anyGuard = fc.record({ middleware: fc.oneof(anyText, fc.constantFrom(";", "=", "a;b=c")), key: anyText });
const anyGuards: fc.Arbitrary<HopGuards> = fc.record({
  router: anyText,
  list: fc.array(
    anyGuard.filter(({ middleware }) => middleware !== ""),
    { minLength: 1, maxLength: 4 },
  ),
});
const anyPlainHop: fc.Arbitrary<Hop> = fc.record({
  token: fc.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
  service: fc.oneof(anyText, fc.constantFrom("", "-", "%", "default-app@kubernetescrd", "a b", "übung")),
  scheme: fc.constantFrom("http", "https"),
  port: fc.nat(65_535),
  clientAddress: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant("")),
  trusted: fc.boolean(),
  assigned: fc.uniqueArray(fc.constantFrom("x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-a_b")),
  mirror: fc.boolean(),
  logged: fc.constantFrom(true, undefined),
  generation: fc.maxSafeNat(),
  host: fc.oneof(anyText, fc.domain(), fc.constantFrom("", "-", "a:80", "[::1]:8443", "%2D")),
});
const anyHop = fc.oneof(
  anyPlainHop,
  fc.tuple(anyPlainHop, anyGuards).map(([plain, guards]): Hop => ({ ...plain, guards })),
);

const hop: Hop = {
  token: "a.b.c",
  service: "default-app-80@kubernetescrd",
  scheme: "https",
  port: 443,
  clientAddress: "192.0.2.1",
  trusted: true,
  assigned: ["x-forwarded-proto", "x-real-ip"],
  mirror: false,
  generation: 7,
  host: "app.example.com:8443",
};
const packed =
  "1 a.b.c default-app-80@kubernetescrd https 443 192.0.2.1 t x-forwarded-proto,x-real-ip 7 app.example.com:8443";

const guards: HopGuards = {
  router: "default-app@kubernetescrd",
  list: [
    { middleware: "default-limit@kubernetescrd", key: "a.com" },
    { middleware: "default-retry@kubernetescrd", key: "" },
  ],
};
const packedGuards = "default-app%40kubernetescrd;default-limit%40kubernetescrd=a.com;default-retry%40kubernetescrd";
const guarded = packed.replace(/^1/, "2").replace(" 7 ", ` 7 ${packedGuards} `);

describe("a packed hop", () => {
  it("is one line, the host last", () => {
    expect(encodeHop(hop)).toBe(packed);
    expect(decodeHop(packed)).toEqual(hop);
  });

  it("has a layout of its own when the request is held to something", () => {
    expect(encodeHop({ ...hop, guards })).toBe(guarded);
    expect(decodeHop(guarded)).toEqual({ ...hop, guards });
    expect(decodeHop(encodeHop({ ...hop, guards, host: "" }))).toEqual({ ...hop, guards, host: "" });
  });

  it("survives the round trip through a header, whatever its fields hold", () => {
    fc.assert(
      fc.property(anyHop, (any) => {
        const sent = new Headers({ h: encodeHop(any) }).get("h") ?? "";
        expect(sent).toMatch(/^[!-~ ]+$/);
        expect(decodeHop(sent)).toEqual(any);
      }),
    );
  });
});

describe("decodeHop refuses", () => {
  it.each([
    ["nothing", ""],
    ["another layout", packed.replace(/^1/, "3")],
    ["guards of the layout without them", guarded.replace(/^2/, "1")],
    ["no guards in the layout with them", packed.replace(/^1/, "2")],
    ["a router without guards", guarded.replace(packedGuards, "default-app")],
    ["a guard without a name", guarded.replace(packedGuards, "default-app;=key")],
    ["an empty guard", guarded.replace(packedGuards, "default-app;a;")],
    ["an empty key", guarded.replace(packedGuards, "default-app;a=")],
    ["two keys", guarded.replace(packedGuards, "default-app;a=b=c")],
    ["a broken escape in a key", guarded.replace(packedGuards, "default-app;a=%E0%A4%A")],
    ["a guarded one with a field too many", `${guarded} x`],
    ["a missing field", packed.split(" ").slice(0, 8).join(" ")],
    ["a field too many", `${packed} x`],
    ["an empty field", packed.replace(" 443 ", "  ")],
    ["an empty host field", packed.replace(/ [^ ]+$/, " ")],
    ["another scheme", packed.replace("https", "ftp")],
    ["a port above 65535", packed.replace("443", "65536")],
    ["a negative port", packed.replace("443", "-443")],
    ["an unsafe generation", packed.replace(" 7 ", " 9007199254740992 ")],
    ["an unknown flag", packed.replace(" t ", " x ")],
    ["an empty header name", packed.replace("proto,x", "proto,,x")],
    ["a token with other characters", packed.replace("a.b.c", "a.b.c=")],
    ["a broken escape", packed.replace("app.example", "%E0%A4%A")],
  ])("%s", (_, value) => {
    expect(decodeHop(value)).toBeUndefined();
  });

  it("or reads any text without throwing", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom(...packed.split(" "), ...guarded.split(" ")))),
        (fields) => {
          const decoded = decodeHop(fields.join(" "));
          if (decoded !== undefined) expect(decodeHop(encodeHop(decoded))).toEqual(decoded);
        },
      ),
    );
  });
});
