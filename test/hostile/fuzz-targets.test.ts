import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTarget, portOf } from "../../src/edge/parse-target.ts";
import { saysOneHost } from "../../src/edge/says-one-host.ts";
import { decodeHop } from "../../src/hop/decode-hop.ts";
import { encodeHop } from "../../src/hop/encode-hop.ts";
import { computeForwardedHeaders, isForwardedHeader } from "../../src/hop/forwarded-headers.ts";
import type { Hop } from "../../src/hop/hop.ts";
import { decodePointer } from "../../src/hop/pointer-header.ts";
import { createRequestFacts } from "../../src/rule/create-request-facts.ts";
import { normalisePath } from "../../src/rule/routing-path.ts";
import { fuzzRuns } from "./fuzz-runs.ts";
import { hostileString } from "./hostile-values.ts";

const piece = fc.constantFrom(
  "/",
  "//",
  ".",
  "..",
  "%2e",
  "%2E",
  "%2f",
  "%25",
  "%",
  "%zz",
  "%c3%a9",
  "%ff",
  "%00",
  "\\",
  ";",
  "a",
  "é",
  "#",
  "?",
  "*",
  "|",
);
const hostilePath = fc.oneof(
  fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join("")}`),
  hostileString.map((text) => `/${text}`),
  hostileString,
);

describe("normalisePath", () => {
  it("gives an absolute, ASCII path without empty or dot segments, and is done with it", () => {
    fc.assert(
      fc.property(hostilePath, (raw) => {
        const normalised = normalisePath(raw);
        if (normalised === undefined) return;
        const { path, routingPath } = normalised;
        expect(path).toMatch(/^\/[!-~]*$/);
        expect(path).not.toMatch(/[?#\\]|%(?![0-9A-F]{2})/);
        for (const segment of path.slice(1).split("/").slice(0, -1)) expect(["", ".", ".."]).not.toContain(segment);
        expect([".", ".."]).not.toContain(path.split("/").at(-1));
        for (const segment of routingPath.slice(1).split("/")) expect([".", ".."]).not.toContain(segment);
        expect(normalisePath(path)).toEqual(normalised);
      }),
      fuzzRuns(5000),
    );
  });

  it("refuses a malformed escape and a fragment", () => {
    fc.assert(
      fc.property(hostilePath, (raw) => {
        if (/%(?![0-9A-Fa-f]{2})|#/.test(raw)) expect(normalisePath(raw)).toBeUndefined();
      }),
      fuzzRuns(1000),
    );
  });

  it("leaves an escaped slash one: no segment is made or lost", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "%2F", "%2f", "b", "%5C"), { minLength: 1 }), (pieces) => {
        const path = normalisePath(`/${pieces.join("")}`)?.path ?? "";
        expect(path.split("/").length).toBe(2);
        expect(path.match(/%2F/g)?.length ?? 0).toBe(pieces.filter((text) => /%2f/i.test(text)).length);
      }),
      fuzzRuns(300),
    );
  });
});

describe("a request", () => {
  it("is taken apart without an exception, and loses nothing", () => {
    fc.assert(
      fc.property(hostileString, hostilePath, hostileString, (host, path, query) => {
        const url = `http://${host}${path}?${query}`;
        const { authority, path: found, query: rest } = parseTarget(url);
        if (found !== "/") expect(`http://${authority}${found}${rest}`).toBe(url);
        expect(portOf(authority, "https")).toBeGreaterThanOrEqual(0);
        const facts = createRequestFacts({
          host,
          routingPath: found,
          method: "GET",
          headers: { get: () => null },
          query: rest,
          clientAddress: host,
        });
        expect(facts.host).toBe(facts.host.toLowerCase());
        for (const key of ["", "a", "__proto__"]) expect(Array.isArray(facts.query(key))).toBe(true);
      }),
      fuzzRuns(1000),
    );
  });

  it("that says one host says it in the URL as well, and nothing of the path", () => {
    fc.assert(
      fc.property(hostileString, (host) => {
        if (saysOneHost(host, host))
          expect(parseTarget(`http://${host}/a`)).toMatchObject({ authority: host, path: "/a" });
      }),
      fuzzRuns(1000),
    );
  });
});

const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const hop: fc.Arbitrary<Hop> = fc.record({
  token: word,
  service: hostileString.filter((text) => text.isWellFormed()),
  scheme: fc.constantFrom("http", "https"),
  port: fc.nat(65_535),
  clientAddress: hostileString.filter((text) => text.isWellFormed()),
  trusted: fc.boolean(),
  assigned: fc.array(
    word.map((name) => `x-${name}`),
    { maxLength: 3 },
  ),
  mirror: fc.boolean(),
  generation: fc.nat(),
  host: hostileString.filter((text) => text.isWellFormed()),
});

describe("a hop", () => {
  it("says what it was made of, in one line of visible characters", () => {
    fc.assert(
      fc.property(hop, (made) => {
        const packed = encodeHop(made);
        expect(packed).toMatch(/^[ -~]+$/);
        expect(decodeHop(packed)).toEqual(made);
      }),
      fuzzRuns(1000),
    );
  });

  it("that was meddled with is one or none, and no exception", () => {
    fc.assert(
      fc.property(
        hop,
        fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.oneof(hostileString, fc.constantFrom(" ", "%", "-", "1"))), {
          maxLength: 3,
        }),
        (made, edits) => {
          let packed = encodeHop(made);
          for (const [at, length, put] of edits) {
            const from = at % (packed.length + 1);
            packed = packed.slice(0, from) + put + packed.slice(from + length);
          }
          const read = decodeHop(packed);
          if (read === undefined) return;
          expect(Object.keys(read).sort()).toEqual(Object.keys(made).sort());
          expect(read.token).toMatch(/^[\w.-]+$/);
          for (const name of read.assigned) expect(name).toMatch(/^[!-~]+$/);
        },
      ),
      fuzzRuns(2000),
    );
  });

  it("and a pointer of any text as well", () => {
    fc.assert(
      fc.property(hostileString, (text) => decodePointer(text) === undefined || typeof text === "string"),
      fuzzRuns(500),
    );
  });
});

it("nothing that an untrusted client says of itself is kept, in any spelling", () => {
  const spelling = fc
    .tuple(
      fc.constantFrom("for", "proto", "host", "port", "server", "prefix", "any"),
      fc.array(fc.constantFrom("-", "_"), { minLength: 2, maxLength: 2 }),
    )
    .map(([what, [first, second]]) => `x${first}forwarded${second}${what}`);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(spelling, fc.constantFrom("x-real-ip", "x_real_ip", "x-real_ip", "accept"))),
      hostileString,
      (names, value) => {
        const client = {
          trusted: false,
          assigned: [],
          scheme: "http",
          host: "a.com",
          port: 80,
          clientAddress: "192.0.2.1",
          webSocket: false,
        } as const;
        const { remove, set } = computeForwardedHeaders(client, names, (name) =>
          names.includes(name) ? value : undefined,
        );
        const replaced = new Set([...remove, ...set.map(([name]) => name)]);
        expect(names.filter((name) => isForwardedHeader(name) && !replaced.has(name))).toEqual([]);
        for (const [, text] of set) expect(["192.0.2.1", "http", "a.com", "80"]).toContain(text);
      },
    ),
    fuzzRuns(500),
  );
});
