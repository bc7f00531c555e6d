import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readProxyHeader, writeProxyHeader } from "../../../relay/tcp/proxy-header.ts";

const v4 = { source: { address: "192.0.2.1", port: 51_000 }, destination: { address: "203.0.113.9", port: 5432 } };
const v6 = { source: { address: "2001:db8::1", port: 1 }, destination: { address: "2001:db8::2", port: 65_535 } };
const line = (text: string) => readProxyHeader(Buffer.from(text, "latin1"));

describe("a header of the PROXY protocol", () => {
  it.each([1, 2] as const)("of version %i is read as it was written, at its last byte and not before", (version) => {
    for (const connection of [v4, v6]) {
      const header = writeProxyHeader(version, connection);
      expect(readProxyHeader(Buffer.concat([header, Buffer.from("data")]))).toEqual({
        state: "header",
        length: header.length,
        connection,
      });
      for (let length = 0; length < header.length; length++) {
        expect(readProxyHeader(header.subarray(0, length)).state, `${length} bytes`).toBe("more");
      }
    }
  });

  it("of version 1 is the line of its specification", () => {
    expect(writeProxyHeader(1, v4).toString()).toBe("PROXY TCP4 192.0.2.1 203.0.113.9 51000 5432\r\n");
  });

  it("holds addresses of one family, whatever the two ends have", () => {
    const mixed = writeProxyHeader(2, { source: v6.source, destination: v4.destination });
    expect(readProxyHeader(mixed)).toMatchObject({
      connection: { source: v6.source, destination: { address: "::ffff:cb00:7109" } },
    });
  });

  it("takes mapped addresses for IPv4", () => {
    const mapped = { source: { address: "::ffff:192.0.2.1", port: 51_000 }, destination: v4.destination };
    expect(readProxyHeader(writeProxyHeader(2, mapped))).toMatchObject({ connection: v4 });
  });

  it("may carry extensions, which are passed over", () => {
    const header = Buffer.concat([writeProxyHeader(2, v4), Buffer.from([3, 0, 1, 0])]);
    header.writeUInt16BE(12 + 4, 14);
    expect(readProxyHeader(header)).toMatchObject({ state: "header", length: header.length, connection: v4 });
  });

  it.each([
    ["UNKNOWN", Buffer.from("PROXY UNKNOWN\r\n"), 15],
    ["UNKNOWN with addresses", Buffer.from("PROXY UNKNOWN ::1 ::1 1 2\r\n"), 27],
    ["LOCAL", Buffer.from("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", "latin1"), 16],
    [
      "a unix socket",
      Buffer.concat([Buffer.from("\r\n\r\n\0\r\nQUIT\n\x21\x31\0\xd8", "latin1"), Buffer.alloc(216)]),
      232,
    ],
  ])("may tell nothing: %s", (_, bytes, length) => {
    expect(readProxyHeader(bytes)).toEqual({ state: "local", length });
  });
});

describe("what is none", () => {
  it.each(["GET / HTTP/1.1", "PROX!", "\x16\x03\x01", "\r\n\r\nX"])("%j", (text) => {
    expect(line(text).state).toBe("none");
  });

  it.each([
    "PROXY TCP4 192.0.2.1 203.0.113.9 51000\r\n",
    "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
    "PROXY TCP6 192.0.2.1 203.0.113.9 1 2\r\n",
    "PROXY TCP4 192.0.2.1 203.0.113.9 1 65536\r\n",
    "PROXY TCP4 192.0.2.1 203.0.113.9 01 2\r\n",
    "PROXY TCP4 192.0.2.300 203.0.113.9 1 2\r\n",
    "PROXY TCP4  192.0.2.1 203.0.113.9 1 2\r\n",
    `PROXY ${"x".repeat(200)}`,
    "\r\n\r\n\0\r\nQUIT\n\x11\x11\0\x0c",
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x04aaaa",
    "\r\n\r\n\0\r\nQUIT\n\x22\x11\0\x00",
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
  ])("%j is refused", (text) => {
    expect(line(text).state).toBe("malformed");
  });
});

it("bytes of any kind are read without an exception", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("PROXY ", "PROXY TCP4 ", "\r\n\r\n\0\r\nQUIT\n\x21\x11"),
      fc.uint8Array({ maxLength: 64 }),
      (start, rest) => {
        expect(readProxyHeader(Buffer.concat([Buffer.from(start, "latin1"), rest])).state).toMatch(
          /^(more|none|malformed|local|header)$/,
        );
      },
    ),
  );
});
