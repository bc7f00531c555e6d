import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  computeForwardedHeaders,
  type ForwardedClient,
  forwardedHeader,
  isForwardedHeader,
} from "../../src/hop/forwarded-headers.ts";

const client: ForwardedClient = {
  trusted: false,
  assigned: [],
  scheme: "http",
  host: "app.test:8787",
  port: 8787,
  clientAddress: "192.0.2.7",
  webSocket: false,
};

function apply(change: Partial<ForwardedClient>, sent: Record<string, string>): Record<string, string> {
  const headers = new Headers(sent);
  const edits = computeForwardedHeaders({ ...client, ...change }, headers.keys(), (name) => headers.get(name));
  for (const name of edits.remove) headers.delete(name);
  for (const [name, value] of edits.set) headers.set(name, value);
  return Object.fromEntries(headers);
}

const own = {
  "x-forwarded-for": "192.0.2.7",
  "x-forwarded-host": "app.test:8787",
  "x-forwarded-port": "8787",
  "x-forwarded-proto": "http",
  "x-real-ip": "192.0.2.7",
};

describe("the forwarded headers of an untrusted client", () => {
  it.each<[string, Partial<ForwardedClient>, Record<string, string>, Record<string, string>]>([
    ["are set", {}, { accept: "*/*" }, { ...own, accept: "*/*" }],
    [
      "replace what it sent",
      {},
      {
        "x-forwarded-for": "1.1.1.1",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "evil",
        "x-real-ip": "1.1.1.1",
        "x-scheme": "https",
      },
      own,
    ],
    [
      "leave none of its own, however they are spelt",
      {},
      {
        "x-forwarded-prefix": "/a",
        x_forwarded_for: "1.1.1.1",
        "x-forwarded_proto": "https",
        x_real_ip: "1.1.1.1",
        x_scheme: "https",
      },
      own,
    ],
    [
      "keep what the edge set",
      { assigned: ["x-forwarded-proto", "x-forwarded-prefix"] },
      { "x-forwarded-proto": "https", "x-forwarded-prefix": "/a" },
      { ...own, "x-forwarded-proto": "https", "x-forwarded-prefix": "/a" },
    ],
    [
      "stay away where the edge deleted them, but for the peer's address",
      { assigned: Object.keys(own) },
      {},
      { "x-forwarded-for": "192.0.2.7" },
    ],
    [
      "add the peer to a list that the edge set",
      { assigned: ["x-forwarded-for"] },
      { "x-forwarded-for": "10.0.0.1" },
      { ...own, "x-forwarded-for": "10.0.0.1, 192.0.2.7" },
    ],
    ["say ws for a WebSocket", { webSocket: true }, {}, { ...own, "x-forwarded-proto": "ws" }],
    [
      "say wss for a WebSocket over TLS",
      { webSocket: true, scheme: "https", host: "a", port: 443 },
      {},
      { ...own, "x-forwarded-proto": "wss", "x-forwarded-host": "a", "x-forwarded-port": "443" },
    ],
    [
      "drop an address's zone",
      { clientAddress: "fe80::1%eth0" },
      {},
      { ...own, "x-forwarded-for": "fe80::1", "x-real-ip": "fe80::1" },
    ],
    [
      "leave out what is not known",
      { clientAddress: "", host: "" },
      { "x-forwarded-for": "1.1.1.1", "x-forwarded-host": "evil", "x-real-ip": "1.1.1.1" },
      { "x-forwarded-port": "8787", "x-forwarded-proto": "http" },
    ],
  ])("%s", (_, change, sent, expected) => {
    expect(apply(change, sent)).toEqual(expected);
  });
});

describe("the forwarded headers of a trusted client", () => {
  it.each<[string, Partial<ForwardedClient>, Record<string, string>, Record<string, string>]>([
    ["are set when it sent none", {}, {}, own],
    [
      "are kept, and the peer is added to the list",
      {},
      {
        "x-forwarded-for": "1.1.1.1",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "shop.example.com",
        "x-forwarded-port": "444",
        "x-real-ip": "1.1.1.1",
      },
      {
        "x-forwarded-for": "1.1.1.1, 192.0.2.7",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "shop.example.com",
        "x-forwarded-port": "444",
        "x-real-ip": "1.1.1.1",
      },
    ],
    [
      "name port 443 when TLS ended before us",
      { host: "a.com", port: 80 },
      { "x-forwarded-proto": "https" },
      { ...own, "x-forwarded-host": "a.com", "x-forwarded-proto": "https", "x-forwarded-port": "443" },
    ],
  ])("%s", (_, change, sent, expected) => {
    expect(apply({ trusted: true, ...change }, sent)).toEqual(expected);
  });
});

it("nothing that an untrusted client sends reaches the origin under a forwarded name", () => {
  const name = fc
    .tuple(
      fc.constantFrom("x-forwarded-", "x_forwarded_", "X-Forwarded_", "x-real-ip", "X_Real_IP", "x-scheme", "X_Scheme"),
      fc.stringMatching(/^[a-z_-]{0,8}$/),
    )
    .map(([prefix, rest]) => (/real|scheme/i.test(prefix) ? prefix : prefix + rest));
  fc.assert(
    fc.property(fc.dictionary(name, fc.constant("forged")), (sent) => {
      for (const [name, value] of Object.entries(apply({}, sent))) {
        if (isForwardedHeader(name)) expect(value).not.toContain("forged");
      }
    }),
  );
});

describe("what rules see", () => {
  it.each<[string, Partial<ForwardedClient>, Record<string, string>, string | null]>([
    ["x-real-ip", {}, { "x-real-ip": "10.0.0.1" }, "192.0.2.7"],
    ["x-real-ip", { trusted: true }, { "x-real-ip": "10.0.0.1" }, "10.0.0.1"],
    ["x-forwarded-proto", {}, { "x-forwarded-proto": "https" }, "http"],
    ["x-forwarded-for", {}, { "x-forwarded-for": "1.1.1.1" }, null],
    ["x-forwarded-for", { trusted: true }, {}, null],
    ["x-forwarded-for", { trusted: true }, { "x-forwarded-for": "1.1.1.1, 10.0.0.9" }, "1.1.1.1, 10.0.0.9"],
    ["x-forwarded-for", { assigned: ["x-forwarded-for"] }, { "x-forwarded-for": "1.1.1.1" }, "1.1.1.1"],
    ["x_forwarded_for", {}, { x_forwarded_for: "1.1.1.1" }, null],
  ])("%s, %j %j", (name, change, sent, seen) => {
    const headers = new Headers(sent);
    expect(forwardedHeader(name, { ...client, ...change }, (one) => headers.get(one))).toBe(seen);
  });
});
