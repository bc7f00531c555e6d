import type { Socket } from "node:net";
import {
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
} from "node:tls";
import type { Certificate, TlsOptions } from "../../src/table/tls.ts";
import type { CertificateSet } from "./certificate-set.ts";

/** Ends TLS for connections that were accepted, and perhaps begun to be read, elsewhere. */
export interface Terminator {
  /**
   * @param sni what the client asked for, lowercased
   * @returns undefined when the handshake fails, and then the connection is closed
   */
  accept(socket: Socket, sni: string): Promise<TLSSocket | undefined>;
}

export interface TerminatorOptions {
  options: TlsOptions | undefined;
  /** For each handshake anew: certificates change under open listeners. */
  certificates: () => CertificateSet;
  handshakeTimeoutMs: number;
}

/** Traefik's default (https://doc.traefik.io/traefik/reference/routing-configuration/http/tls/tls-options/). */
const MIN_VERSION = "TLSv1.2";

/** Refuses every handshake. */
export const refusingTerminator: Terminator = {
  async accept(socket) {
    refuse(socket, HANDSHAKE_FAILURE);
    return undefined;
  },
};

export function createTerminator({ options = {}, certificates, handshakeTimeoutMs }: TerminatorOptions): Terminator {
  if (options.closedBy !== undefined) return refusingTerminator;
  const { clientAuth, sniStrict = false } = options;
  const mode = clientAuth?.mode;
  const contextOptions: SecureContextOptions = {
    minVersion: options.minVersion ?? MIN_VERSION,
    ...(options.maxVersion && { maxVersion: options.maxVersion }),
    ...(options.cipherSuites && { ciphers: options.cipherSuites.join(":") }),
    ...(options.curvePreferences && { ecdhCurve: options.curvePreferences.join(":") }),
    ...(clientAuth && clientAuth.authorities.length > 0 && { ca: clientAuth.authorities }),
  };
  const contexts = new WeakMap<Certificate, SecureContext>();
  // Each with the authorities of clients' certificates: a context without them would bring back the system's.
  const contextOf = (certificate: Certificate): SecureContext => {
    let context = contexts.get(certificate);
    if (context === undefined) {
      context = createSecureContext({ ...contextOptions, cert: certificate.certificate, key: certificate.key });
      contexts.set(certificate, context);
    }
    return context;
  };
  const server: Server = createServer({
    ...contextOptions,
    allowHalfOpen: true,
    handshakeTimeout: handshakeTimeoutMs,
    ...(options.alpnProtocols && { ALPNProtocols: options.alpnProtocols }),
    requestCert: mode !== undefined,
    // The other modes are decided below: this one would refuse clients that show no certificate.
    rejectUnauthorized: mode === "requireAndVerify",
    SNICallback: (name, done) => {
      const certificate = certificates().find(name.toLowerCase());
      if (certificate === "closed") return done(new Error(`the certificate for ${name} could not be read`));
      // Without a context of the name's own the server's stays, which has the default certificate.
      done(null, certificate && contextOf(certificate));
    },
  });
  server.on("tlsClientError", (_, socket) => socket.destroy());
  const handshake = awaitHandshakes(server);
  let shown: Certificate | undefined;

  return {
    async accept(socket, sni) {
      const { standard, find } = certificates();
      const own = find(sni);
      if (own === "closed" || (own === undefined && (sniStrict || standard === undefined))) {
        refuse(socket, UNRECOGNIZED_NAME);
        return undefined;
      }
      if (standard !== undefined && standard !== shown) {
        shown = standard;
        server.setSecureContext({ ...contextOptions, cert: standard.certificate, key: standard.key });
      }
      const encrypted = await handshake(socket);
      if (encrypted === undefined) return undefined;
      const isShown = Object.keys(encrypted.getPeerCertificate()).length > 0;
      const isRefused =
        (mode === "require" && !isShown) || (mode === "verifyIfGiven" && isShown && !encrypted.authorized);
      if (isRefused) {
        encrypted.destroy();
        return undefined;
      }
      return encrypted;
    },
  };
}

/** RFC 6066, section 3. */
const UNRECOGNIZED_NAME = 112;
/** RFC 8446, section 6.2. */
const HANDSHAKE_FAILURE = 40;

/** Ends a connection by a fatal alert, in place of an answer to its ClientHello. */
function refuse(socket: Socket, alert: number): void {
  socket.end(Buffer.from([21, 3, 3, 0, 2, 2, alert]));
  socket.resume();
}

/** The server tells of connections that are encrypted, each by the two ends that it had before. */
function awaitHandshakes(server: Server): (socket: Socket) => Promise<TLSSocket | undefined> {
  const waiting = new Map<string, (encrypted: TLSSocket) => void>();
  server.on("secureConnection", (encrypted) => waiting.get(peerOf(encrypted))?.(encrypted));
  return (socket) =>
    new Promise((resolve) => {
      if (socket.destroyed) {
        resolve(undefined);
        return;
      }
      const key = peerOf(socket);
      const end = (encrypted?: TLSSocket): void => {
        socket.off("close", abandon);
        waiting.delete(key);
        resolve(encrypted);
      };
      const abandon = (): void => end();
      waiting.set(key, end);
      socket.once("close", abandon);
      server.emit("connection", socket);
    });
}

const peerOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
