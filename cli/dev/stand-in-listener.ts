import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { type Server as HttpServer, METHODS } from "node:http";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { peek } from "../../relay/tcp/peek.ts";
import { dnsAnswer } from "./dns-answer.ts";
import { createHttp2StandIn } from "./http2-stand-in.ts";
import { makeCertificate } from "./make-certificate.ts";

export interface StandInListener {
  port: number;
  close(): Promise<void>;
}

const LOOPBACK = "127.0.0.1";
/** A port may be free for TCP and not for UDP. */
const MAX_TRIES = 20;
/** A client that says nothing for so long will not speak HTTP. */
const FIRST_BYTES_MS = 60_000;
/** First byte of a TLS record that holds a handshake (RFC 8446, section 5.1). */
const TLS_HANDSHAKE = 0x16;
const METHOD_LINES = METHODS.map((method) => `${method} `);
/** HTTP/2 without TLS begins with it (RFC 9113, section 3.4). */
const PREFACE_LINE = "PRI * HTTP/2.0\r\n";
/** Whoever asks so, as one asks whoamitcp and whoamiudp, is told the Pod's name. */
const WHO = /^WHO(?:\r?\n|$)/;
const MAX_WHO_BYTES = "WHO\r\n".length;

/**
 * Listens on one port of the loopback for whatever a Service's clients speak: HTTP goes to `http`, over TLS as well;
 * HTTP/2 without TLS is answered too; a line `WHO` and a query of DNS are told the Pod's name; other bytes and datagrams
 * come back as they are.
 */
export async function startStandInListener(http: HttpServer, name: string): Promise<StandInListener> {
  const introduction = `Hostname: ${name}`;
  const open = new Set<Socket>();
  let terminator: Promise<TlsServer> | undefined;
  const take = async (socket: Socket, isTlsTaken = true): Promise<void> => {
    socket.on("error", () => socket.destroy());
    const peeked = await peek(socket, FIRST_BYTES_MS, (bytes) => readProtocol(bytes, introduction));
    const protocol = peeked.outcome === "read" ? peeked.value : "unknown";
    if (protocol instanceof Buffer) socket.write(protocol);
    if (isTlsTaken && protocol === "tls") {
      terminator ??= createTerminator((encrypted) => void take(encrypted, false));
      (await terminator).emit("connection", socket);
    } else if (protocol === "http") http.emit("connection", socket);
    else if (protocol === "http2") {
      socket.allowHalfOpen = false;
      http2.emit("connection", socket);
    } else socket.pipe(socket);
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    void take(socket);
  });
  const udp = await bindBoth(server);
  const http2 = createHttp2StandIn(() => udp.address().port);
  udp.on("message", (datagram, { port, address }) => {
    const answer = WHO.test(datagram.toString("latin1", 0, MAX_WHO_BYTES + 1)) ? `${introduction}\n` : undefined;
    udp.send(answer ?? dnsAnswer(datagram, introduction) ?? datagram, port, address);
  });
  return {
    port: udp.address().port,
    async close() {
      const closed = [once(server, "close"), once(udp, "close")];
      server.close();
      udp.close();
      for (const socket of open) socket.destroy();
      await Promise.all(closed);
    },
  };
}

/** What a client speaks, or what to say to it before its bytes come back. */
type Protocol = "tls" | "http" | "http2" | "unknown" | Buffer;

/** Undefined: it may yet become a request line. */
function readProtocol(bytes: Buffer, introduction: string): { value: Protocol; take: number } | undefined {
  if (bytes[0] === TLS_HANDSHAKE) return { value: "tls", take: 0 };
  const query = bytes.length > 2 && bytes.readUInt16BE(0) === bytes.length - 2 ? bytes.subarray(2) : undefined;
  const answer = query && dnsAnswer(query, introduction);
  if (answer !== undefined) {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(answer.length);
    return { value: Buffer.concat([length, answer]), take: bytes.length };
  }
  const text = bytes.toString("latin1", 0, 16);
  const [line] = WHO.exec(text) ?? [];
  if (line !== undefined) return { value: Buffer.from(`${introduction}\n`), take: line.length };
  if (METHOD_LINES.some((line) => text.startsWith(line))) return { value: "http", take: 0 };
  if (text === PREFACE_LINE) return { value: "http2", take: 0 };
  return [PREFACE_LINE, ...METHOD_LINES].some((line) => line.startsWith(text))
    ? undefined
    : { value: "unknown", take: 0 };
}

async function createTerminator(take: (socket: Socket) => void): Promise<TlsServer> {
  const { cert, key } = await makeCertificate(["localhost", LOOPBACK], Date.now());
  const server = createTlsServer({ cert, key, ALPNProtocols: ["http/1.1"], allowHalfOpen: true }, take);
  server.on("tlsClientError", (_, socket) => socket.destroy());
  return server;
}

/** Takes a port that is free for both protocols. */
async function bindBoth(server: ReturnType<typeof createServer>): Promise<UdpSocket> {
  for (let tries = 1; ; tries++) {
    server.listen(0, LOOPBACK);
    await once(server, "listening");
    const bound = server.address();
    const udp = createSocket("udp4");
    udp.bind(typeof bound === "object" && bound !== null ? bound.port : 0, LOOPBACK);
    try {
      await once(udp, "listening");
      udp.on("error", () => {});
      return udp;
    } catch (error) {
      udp.close();
      const closed = once(server, "close");
      server.close();
      await closed;
      if (tries === MAX_TRIES) throw error;
    }
  }
}
