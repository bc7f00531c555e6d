import { connect, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { CertificateStore } from "./certificate-store.ts";

export interface Address {
  host: string;
  port: number;
}

export interface HttpSocketsOptions {
  /** Where decrypted connections go; undefined closes those that speak TLS. */
  tls: () => Address | undefined;
  /** Where connections that do not speak TLS go. */
  plain: () => Address;
  certificates: CertificateStore;
}

/** Takes connections that were accepted elsewhere to the Worker. */
export interface HttpSockets {
  /** Its bytes are all still to be read. */
  take(socket: Socket): void;
  /** Ends what is open. */
  close(): void;
}

export interface TlsListener {
  port: number;
  close(): Promise<void>;
}

/** First byte of a TLS record that holds a handshake (RFC 8446, section 5.1). No HTTP method begins with it. */
const TLS_HANDSHAKE = 0x16;

/** Takes TLS and plain connections alike, as Traefik's entry points do. */
export function createHttpSockets(options: HttpSocketsOptions): HttpSockets {
  const { certificates } = options;
  const open = new Set<Socket>();
  const terminator = createTlsServer(
    {
      ...certificates.local,
      ALPNProtocols: ["http/1.1"],
      SNICallback: (name, callback) => {
        certificates.find(name).then(
          (context) => callback(null, context),
          (error: Error) => callback(error),
        );
      },
    },
    (socket) => {
      const address = options.tls();
      if (address === undefined) socket.destroy();
      else join(socket, address, open);
    },
  );
  terminator.on("tlsClientError", (_, socket) => socket.destroy());
  return {
    take(socket) {
      track(socket, open);
      socket.once("readable", () => {
        const first: Buffer | null = socket.read();
        if (first === null) return socket.end();
        socket.unshift(first);
        if (first[0] === TLS_HANDSHAKE) {
          if (options.tls() === undefined) return socket.destroy();
          // Else a client that leaves in the middle of a handshake is kept until the handshake's timeout.
          socket.allowHalfOpen = false;
          terminator.emit("connection", socket);
        } else join(socket, options.plain(), open);
      });
    },
    close() {
      for (const socket of open) socket.destroy();
    },
  };
}

/** A listener of its own for such connections. */
export async function startTlsListener(options: HttpSocketsOptions & { listen: Address }): Promise<TlsListener> {
  const { listen } = options;
  const sockets = createHttpSockets(options);
  const server = createServer({ allowHalfOpen: true }, (socket) => sockets.take(socket));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen.port, listen.host, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : listen.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        sockets.close();
      }),
  };
}

/** Carries bytes both ways; each side's end reaches the other, and an error ends both. */
function join(client: Socket, address: Address, open: Set<Socket>): void {
  const upstream = connect({ ...address, allowHalfOpen: true });
  track(client, open);
  track(upstream, open);
  client.on("close", () => upstream.destroy());
  upstream.on("close", () => client.destroy());
  client.pipe(upstream);
  upstream.pipe(client);
}

function track(socket: Socket, open: Set<Socket>): void {
  if (open.has(socket)) return;
  open.add(socket);
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => open.delete(socket));
}
