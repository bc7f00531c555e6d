import { once } from "node:events";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { SSL_REQUEST } from "../../../relay/tcp/read-first-bytes.ts";
import type { StreamTable } from "../../../relay/tcp/stream-table.ts";
import type { Certificate } from "../../../src/table/tls.ts";
import {
  certificateFor,
  closeAll,
  echo,
  ending,
  exchange,
  open,
  openTls,
  read,
  router,
  service,
  startPod,
  startRelay,
} from "./tcp-harness.ts";

afterEach(closeAll);

let certificate: Certificate;
beforeAll(async () => {
  certificate = await certificateFor("a.example");
});

const GSS_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30]);
/** Of process 1 with the secret 2. */
const CANCEL_REQUEST = Buffer.from([0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0, 1, 0, 0, 0, 2]);

/** Routes to `tls` for connections over TLS, which ends here, and to `plain` for others. */
const tables = async (): Promise<Partial<StreamTable>[]> => [
  {
    tcpRouters: [
      router("HostSNI(`a.example`)", "tls", { tls: { passthrough: false } }),
      router("HostSNI(`*`)", "plain"),
    ],
    certificates: { a: certificate },
  },
  service("tls", [await startPod(echo("tls"))]),
  service("plain", [await startPod(echo("plain"))]),
];

describe("a client of PostgreSQL that asks for GSSAPI first", () => {
  it("is told no, and then begins TLS", async () => {
    const relay = await startRelay(await tables());
    const socket = await open(relay.port);
    socket.write(GSS_REQUEST);
    expect(await read(socket, 1)).toBe("N");
    socket.write(SSL_REQUEST);
    expect(await read(socket, 1)).toBe("S");
    const secured = await openTls(relay.port, { socket, servername: "a.example" });
    secured.write("x");
    expect(await read(secured, 5)).toBe("tls:x");
  });

  it("is told no, and then goes on without any", async () => {
    const relay = await startRelay(await tables());
    const socket = await open(relay.port);
    socket.write(GSS_REQUEST);
    expect(await read(socket, 1)).toBe("N");
    socket.end("startup");
    expect(await read(socket)).toBe("plain:startup");
  });

  it("is no longer heard when it asks again", async () => {
    const relay = await startRelay(await tables());
    const socket = await open(relay.port);
    socket.write(Buffer.concat([GSS_REQUEST, GSS_REQUEST]));
    await ending(socket);
    expect(relay.refusals).toEqual(["malformed-hello"]);
  });
});

it("a client of PostgreSQL that cancels a query does so by the plain route, whole", async () => {
  const relay = await startRelay(await tables());
  const socket = await open(relay.port);
  socket.end(CANCEL_REQUEST);
  expect(await read(socket)).toBe(`plain:${CANCEL_REQUEST.toString("latin1")}`);
});

it("a client that begins TLS and goes no further is let go in time", async () => {
  const relay = await startRelay(await tables());
  const [begun, taken] = [await open(relay.port), Promise.withResolvers<Buffer>()];
  // The ClientHello of a real client, from one that is not answered.
  const port = await startPod((socket) => socket.once("data", taken.resolve));
  const client = connectTls({ port, host: "127.0.0.1", servername: "a.example" }).on("error", () => {});
  begun.write(await taken.promise);
  client.destroy();
  await ending(begun);
  await expect.poll(() => relay.ends).toMatchObject([{ outcome: "handshake-failed", sni: "a.example" }]);
});

describe("an answer that comes after its client has ended its side", () => {
  it("is brought within the termination delay", async () => {
    const port = await startPod((socket) =>
      socket.resume().once("end", () => setTimeout(() => socket.end("answer"), 20)),
    );
    const relay = await startRelay([
      { tcpRouters: [router("HostSNI(`*`)", "db")] },
      service("db", [port], { terminationDelayMs: 600_000 }),
    ]);
    expect(await exchange(relay.port, "question")).toBe("answer");
    await expect.poll(() => relay.ends).toMatchObject([{ outcome: "carried" }]);
  });

  it.each([
    ["which ends here", false],
    ["which ends here, and over TLS to its endpoint", true],
  ])("is brought over TLS, %s", async (_, tls) => {
    const question = "q".repeat(200_000);
    const serve = (socket: {
      on(event: string, listener: (chunk: Buffer) => void): unknown;
      end(text: string): void;
    }) => {
      let length = 0;
      socket.on("data", (chunk) => {
        length += chunk.length;
      });
      socket.on("end", () => socket.end(`${length} bytes`));
    };
    const options = { cert: certificate.certificate, key: certificate.key, allowHalfOpen: true };
    const pod = createTlsServer(options, serve).listen(0, "127.0.0.1");
    await once(pod, "listening");
    const port = tls ? (pod.address() as { port: number }).port : await startPod(serve);
    const relay = await startRelay([
      {
        tcpRouters: [router("HostSNI(`a.example`)", "db", { tls: { passthrough: false } })],
        certificates: { a: certificate },
        serversTransports: { t: { insecureSkipVerify: true } },
      },
      service("db", [port], tls ? { tls, serversTransport: "t" } : {}),
    ]);
    const halfOpen = { servername: "a.example", allowHalfOpen: true };
    const socket = await openTls(relay.port, halfOpen);
    socket.end(question);
    expect(await read(socket)).toBe("200000 bytes");
    await expect.poll(() => relay.ends).toMatchObject([{ outcome: "carried" }]);
    pod.close();
  });
});
