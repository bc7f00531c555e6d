import "reflect-metadata";
import { KeyUsageFlags } from "@peculiar/x509";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { derValues, mayVouch } from "../../../relay/spiffe/der.ts";
import { readGrpcMessages } from "../../../relay/spiffe/read-grpc-messages.ts";
import { bytesFields } from "../../../relay/spiffe/read-protobuf.ts";
import { readSvidResponse } from "../../../relay/spiffe/read-svid-response.ts";
import { parseWorkloadEndpoint } from "../../../relay/spiffe/workload-endpoint.ts";
import { createAuthority } from "../tls/certificate-authority.ts";
import { encode, field, svidOf, varint } from "./workload-api.ts";

const bytes = (max = 300) => fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array));

describe("messages of gRPC", () => {
  const framed = (message: Buffer): Buffer => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    return Buffer.concat([head, message]);
  };
  async function* pieces(all: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
    let at = 0;
    for (const cut of [...cuts, all.length]) {
      const end = Math.min(at + cut, all.length);
      if (end > at) yield all.subarray(at, end);
      at = end;
    }
  }
  const readAll = async (body: AsyncIterable<Buffer>): Promise<Buffer[]> => {
    const messages: Buffer[] = [];
    for await (const message of readGrpcMessages(body)) messages.push(message);
    return messages;
  };

  it("are the same however they come", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bytes()), fc.array(fc.integer({ min: 1, max: 400 })), async (messages, cuts) => {
        expect(await readAll(pieces(Buffer.concat(messages.map(framed)), cuts))).toEqual(messages);
      }),
    );
  });

  it.each([
    ["compressed", Buffer.from([1, 0, 0, 0, 0]), /compressed/],
    ["longer than any", Buffer.from([0, 0xff, 0, 0, 0]), /too long/],
    ["cut", Buffer.from([0, 0, 0, 0, 2, 1]), /in the middle/],
    ["cut in its head", Buffer.from([0, 0]), /in the middle/],
  ])("are none when %s", async (_, body, reason) => {
    await expect(readAll(pieces(body, []))).rejects.toThrow(reason);
    await expect(readAll(pieces(body, [1, 1, 1, 1, 1]))).rejects.toThrow(reason);
  });
});

describe("fields of protobuf", () => {
  it("are read as they were written, others passed over", () => {
    const other = fc.oneof(
      fc.integer({ min: 1, max: 2 ** 28 }).map((number) => Buffer.concat([varint(number * 8), varint(number)])),
      bytes(8)
        .filter(({ length }) => length === 8)
        .map((value) => Buffer.concat([varint(9), value])),
      bytes(4)
        .filter(({ length }) => length === 4)
        .map((value) => Buffer.concat([varint(13), value])),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 2 ** 28 }), bytes(), other)), (entries) => {
        const message = Buffer.concat(entries.flatMap(([number, value, between]) => [field(number, value), between]));
        const expected = entries.map(([number, value]) => ({ number, value }));
        expect([...bytesFields(message)]).toEqual(expected);
      }),
    );
  });

  it.each([
    ["a length beyond the message", [0x0a, 5, 1]],
    ["a length beyond all numbers", [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]],
    ["a number without end", [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ["a number that is cut", [0x08, 0xff]],
    ["a group", [0x0b]],
    ["eight bytes that are four", [0x09, 0, 0, 0, 0]],
  ])("are none with %s", (_, message) => {
    expect(() => [...bytesFields(Buffer.from(message))]).toThrow(Error);
  });
});

describe("DER", () => {
  it("that stands one after the other is taken apart", async () => {
    const authority = await createAuthority("one");
    const { chainDer } = await (await authority.delegate("between")).issue([
      { type: "url", value: "spiffe://one.test/a" },
    ]);
    const values = [...derValues(Buffer.concat([chainDer, authority.der]))];
    expect(values).toHaveLength(3);
    expect(Buffer.concat(values.map(({ whole }) => whole))).toEqual(Buffer.concat([chainDer, authority.der]));
  });

  it.each([
    ["a length that is not there", [0x30]],
    ["a length that is cut", [0x30, 0x82, 1]],
    ["less than its length", [0x30, 3, 0]],
    ["an open end", [0x30, 0x80, 0, 0]],
    ["a length of many bytes", [0x30, 0x88, 0, 0, 0, 0, 0, 0, 0, 1, 0]],
    ["a tag of many bytes", [0x3f, 0x81, 1, 0]],
  ])("is none with %s", (_, der) => {
    expect(() => [...derValues(Buffer.from(der))]).toThrow(/DER/);
  });

  it("says of a key whether it may vouch for others", async () => {
    const authority = await createAuthority("one");
    const { chainDer } = await authority.issue([]);
    const { chainDer: signing } = await authority.issue([], { usages: KeyUsageFlags.keyCertSign });
    const { chainDer: lists } = await authority.issue([], { usages: KeyUsageFlags.cRLSign });
    const { chainDer: constrained } = await authority.issue([], { isCa: true });
    const all = [authority.der, signing, lists, constrained, chainDer];
    expect(all.map(mayVouch)).toEqual([true, true, true, true, false]);
  });
});

describe("an answer of the Workload API", () => {
  it("is read or refused, whatever its bytes", async () => {
    const authority = await createAuthority("one");
    const good = encode({
      svids: [await svidOf(authority, "spiffe://one.test/a")],
      federated: { "two.test": authority.der },
    });
    const spoiled = fc
      .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map((edits) => {
        const copy = Buffer.from(good);
        for (const [at, value] of edits) copy[at] = value;
        return copy;
      });
    fc.assert(
      fc.property(
        fc.oneof(
          bytes(),
          spoiled,
          fc.nat(good.length).map((end) => good.subarray(0, end)),
        ),
        (message) => {
          try {
            expect(readSvidResponse(message).id).toMatch(/^spiffe:\/\//);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
            expect((error as Error).name).not.toBe("AssertionError");
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("the address of the Workload API", () => {
  it.each([
    ["unix:///run/spire/sockets/agent.sock", { path: "/run/spire/sockets/agent.sock" }],
    ["unix:/run/agent.sock", { path: "/run/agent.sock" }],
    ["tcp://127.0.0.1:8081", { host: "127.0.0.1", port: 8081 }],
    ["tcp://[::1]:8081", { host: "::1", port: 8081 }],
  ])("is %s", (text, endpoint) => {
    expect(parseWorkloadEndpoint(text)).toEqual(endpoint);
  });

  it.each([
    "localhost",
    "/run/agent.sock",
    "unix://run/agent.sock",
    "unix:///",
    "unix:///a?b",
    "unix:///%zz",
    "tcp://localhost:80",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:80/x",
    "https://127.0.0.1:80",
    "tcp://u@127.0.0.1:80",
  ])("is not %s", (text) => {
    expect(parseWorkloadEndpoint(text)).toBeUndefined();
  });
});
