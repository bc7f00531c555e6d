import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { type ConnectionOptions, connect } from "node:tls";
import fc from "fast-check";
import { getExtensionData, readTlsClientHello } from "read-tls-client-hello";
import { beforeAll, describe, expect, it } from "vitest";
import { MAX_HELLO_BYTES, readClientHello } from "../../../relay/tls/read-client-hello.ts";

/** The first bytes that OpenSSL sends with these options. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const client = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options });
  client.on("error", () => {});
  const [socket] = (await once(server, "connection")) as [Socket];
  let bytes = Buffer.alloc(0);
  while (readClientHello(bytes).state === "more") {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    bytes = Buffer.concat([bytes, chunk]);
  }
  socket.destroy();
  client.destroy();
  server.close();
  return bytes;
}

const record = (part: Buffer): Buffer =>
  Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]), part]);

/** The same handshake in records of at most so many bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const handshake = hello.subarray(5);
  const parts: Buffer[] = [];
  for (let start = 0; start < handshake.length; start += size)
    parts.push(record(handshake.subarray(start, start + size)));
  return Buffer.concat(parts);
}

let hello: Buffer;
beforeAll(async () => {
  hello = await helloOf({ servername: "DB.Example.com", ALPNProtocols: ["h2", "postgresql"] });
});

describe("a ClientHello of OpenSSL", () => {
  it("tells the name and the protocols", () => {
    expect(readClientHello(hello)).toEqual({
      state: "hello",
      hello: { sni: "db.example.com", alpn: ["h2", "postgresql"] },
    });
  });

  it.each<[string, ConnectionOptions]>([
    ["TLS 1.2", { maxVersion: "TLSv1.2", servername: "a.example" }],
    ["TLS 1.3", { minVersion: "TLSv1.3", servername: "a.example" }],
  ])("of %s is read", async (_, options) => {
    expect(readClientHello(await helloOf(options))).toMatchObject({ hello: { sni: "a.example", alpn: [] } });
  });

  it("without a name has none", async () => {
    expect(readClientHello(await helloOf({ ALPNProtocols: ["h2"] }))).toEqual({
      state: "hello",
      hello: { sni: "", alpn: ["h2"] },
    });
  });

  it("asks for more at every byte before its last", () => {
    for (let length = 0; length < hello.length; length++) {
      expect(readClientHello(hello.subarray(0, length)).state, `${length} bytes`).toBe("more");
    }
  });

  it.each([60, 100, 16_384])("is read from records of %i bytes", (size) => {
    const split = inRecords(hello, size);
    expect(readClientHello(split)).toEqual(readClientHello(hello));
    expect(readClientHello(split.subarray(0, -1)).state).toBe("more");
  });

  it.each([1, 2, 3, 4, 5, -1])("is read from two records, cut at its byte %i, with early data behind it", (at) => {
    const handshake = hello.subarray(5);
    const split = Buffer.concat([handshake.subarray(0, at), handshake.subarray(at)].map(record));
    expect(readClientHello(split)).toEqual(readClientHello(hello));
    expect(readClientHello(Buffer.concat([split, Buffer.from([23, 3, 3, 0, 1, 0])]))).toEqual(readClientHello(hello));
    expect(readClientHello(split.subarray(0, -1)).state).toBe("more");
  });

  it("is read whatever follows it", () => {
    expect(readClientHello(Buffer.concat([hello, Buffer.from("garbage")])).state).toBe("hello");
  });
});

describe("what is none", () => {
  it.each([
    ["HTTP", "GET / HTTP/1.1\r\n"],
    ["PostgreSQL's SSLRequest", "\0\0\0\x08\x04\xd2\x16\x2f"],
    ["SSL 2", "\x80\x2e\x01\x03\x01"],
    ["another version", "\x16\x02\x00"],
    ["another handshake message", "\x16\x03\x01\x00\x04\x02\x00\x00\x00"],
  ])("%s is known by its first bytes", (_, text) => {
    expect(readClientHello(Buffer.from(text, "latin1")).state).toBe("other");
  });

  it.each([
    ["a record without bytes", [22, 3, 1, 0, 0]],
    ["a record of more than 16 KiB", [22, 3, 1, 0x40, 1]],
    ["a hello of 64 KiB", [22, 3, 1, 0x40, 0, 1, 1, 0, 0]],
    ["an alert in the middle", [22, 3, 1, 0, 4, 1, 0, 0, 9, 21, 3, 1]],
    ["a hello that ends in its random", [22, 3, 1, 0, 6, 1, 0, 0, 2, 3, 3]],
  ])("%s is refused", (_, bytes) => {
    expect(readClientHello(Buffer.from(bytes)).state).toBe("malformed");
  });

  it("never asks for more than it would read", () => {
    const endless = inRecords(
      Buffer.concat([Buffer.alloc(5), Buffer.from([1, 0, 0x7f, 0xff]), Buffer.alloc(MAX_HELLO_BYTES * 2)]),
      1,
    );
    expect(readClientHello(endless).state).not.toBe("more");
  });
});

it("agrees with another reader about every hello that was changed in one place, and never throws", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 4000 }), fc.nat({ max: 255 }), async (place, value) => {
      const changed = Buffer.from(hello);
      changed[place % hello.length] = value;
      const read = readClientHello(changed);
      const theirs = await readTlsClientHello(Readable.from([changed])).then(
        (message) => getExtensionData(message, "server_name")?.serverName,
        () => undefined,
      );
      if (read.state === "hello" && theirs !== undefined)
        expect(read.hello.sni).toBe(theirs.toLowerCase().replace(/\.$/, ""));
    }),
  );
});
