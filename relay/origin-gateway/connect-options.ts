import { isIP, type Socket } from "node:net";
import { type SecureContextOptions, TLSSocket } from "node:tls";
import { buildConnector, type Client } from "undici";
import type { ServersTransport } from "../../src/table/service.ts";
import { lookupName } from "../names/lookup-name.ts";
import type { SpiffeTls, SpiffeTrust } from "../spiffe/spiffe-trust.ts";
import { demandedNames, faultOfNames } from "../tls/peer-names.ts";
import type { Http2Options } from "./http2-pool.ts";
import { polled } from "./polled.ts";
import type { Target } from "./target.ts";

type ConnectTarget = Pick<Target, "address" | "authority">;

/** Traefik's default for a connection attempt. */
const DIAL_TIMEOUT_MS = 30_000;
/** Traefik's default for idle connections. */
const IDLE_TIMEOUT_MS = 90_000;
/** Timers count to no more; stands for "no limit". */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Traefik's default (https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/serverstransport/). */
const MAX_IDLE = 200;
/** What Go makes of 0. */
const MAX_IDLE_OF_ZERO = 2;
const MAX_HEADER_BYTES = 256 * 1024;

/** 0 is no limit. */
export const dialTimeoutOf = (transport: ServersTransport | undefined): number =>
  Math.max(transport?.dialTimeoutMs ?? DIAL_TIMEOUT_MS, 0);

/** Idle connections that are kept to each target. */
export function maxIdleOf(transport: ServersTransport | undefined): number {
  const max = transport?.maxIdleConnsPerHost ?? MAX_IDLE;
  return max === 0 ? MAX_IDLE_OF_ZERO : Math.max(max, 0);
}

/** How a client connects and how long it keeps idle connections. Timeouts of answers are the request's own. */
export function clientOptions(
  transport: ServersTransport | undefined,
  target: ConnectTarget,
  spiffe: SpiffeTrust,
): Client.Options {
  return {
    pipelining: 1,
    keepAliveTimeout: idleTimeoutOf(transport),
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    allowH2: false,
    connect: createConnector(transport, target, spiffe, false),
  };
}

/** What Traefik gives a Pod to show a sign of life. */
const PING_TIMEOUT_MS = 15_000;

/** Over TLS both sides agree on HTTP/2 or on HTTP/1.1; without it HTTP/2 is spoken by prior knowledge. */
export const http2Options = (
  transport: ServersTransport | undefined,
  target: ConnectTarget,
  spiffe: SpiffeTrust,
): Http2Options => ({
  connector: createConnector(transport, target, spiffe, true),
  idleTimeoutMs: idleTimeoutOf(transport),
  readIdleTimeoutMs: transport?.readIdleTimeoutMs ?? 0,
  pingTimeoutMs: transport?.pingTimeoutMs ?? PING_TIMEOUT_MS,
});

const idleTimeoutOf = (transport: ServersTransport | undefined): number =>
  Math.min(positive(transport?.idleConnTimeoutMs ?? IDLE_TIMEOUT_MS), LONGEST_TIMER_MS);

/**
 * Options by which a new connection is used only when it still stands after so long. TCP does not tell whether a
 * program has taken a connection; that it has not been reset tells nearly as much.
 */
export function watched({ connect }: Client.Options, watchMs: number): Pick<Client.Options, "connect"> {
  if (typeof connect !== "function") return {};
  return {
    connect(target, callback) {
      connect(target, (error, socket) => {
        // The library leaves the socket of a failed attempt out, where its types have null.
        if (error !== null || !socket) return callback(error ?? new Error("there is no connection"), null);
        let hasEnded = false;
        const onEnd = (reason: Error): void => {
          if (hasEnded) return;
          hasEnded = true;
          clearTimeout(timer);
          socket.destroy();
          callback(reason, null);
        };
        const onClose = (): void => onEnd(new Error("the connection was closed before it was used"));
        // A loop that was busy for long finds the timer first, and the reset behind it.
        const stand = async (): Promise<void> => {
          await polled();
          if (hasEnded) return;
          socket.off("error", onEnd).off("close", onClose);
          callback(null, socket);
        };
        const timer = setTimeout(() => void stand(), watchMs);
        socket.once("error", onEnd).once("close", onClose);
      });
    },
  };
}

const positive = (ms: number): number => (ms > 0 ? ms : LONGEST_TIMER_MS);

/**
 * The name that a certificate is checked against, and sent as SNI, is the transport's or the target's own. The client
 * library would take it from each request's Host, which has nothing to do with it.
 */
function createConnector(
  transport: ServersTransport | undefined,
  { address, authority }: ConnectTarget,
  spiffe: SpiffeTrust,
  allowH2: boolean,
): buildConnector.connector {
  const names = demandedNames(transport);
  const isJudged = transport?.spiffe !== undefined || names.length > 0;
  const options: buildConnector.BuildOptions & { preferH2?: boolean } = {
    ...tlsOptions(transport),
    // A handshake that goes on from an earlier one shows no certificate by which a Pod could be judged.
    ...(isJudged && { maxCachedSessions: 0 }),
    timeout: dialTimeoutOf(transport),
    lookup: lookupName,
    // A Pod may end its side of an upgraded connection and go on reading.
    allowHalfOpen: true,
    allowH2,
    preferH2: allowH2,
  };
  const serverName = transport?.serverName ?? (isIP(address) === 0 ? address : undefined);
  const name = (target: buildConnector.Options): buildConnector.Options => {
    const { servername: _, ...nameless } = target;
    return target.protocol === "https:" && serverName !== undefined
      ? { ...nameless, servername: serverName }
      : nameless;
  };
  const connect = buildConnector(options);
  if (transport?.spiffe !== undefined) return connectBySpiffe(transport.spiffe, authority, spiffe, options, name);
  const connector: buildConnector.connector = (target, callback) => {
    const isNamed = target.protocol === "https:" && names.length > 0;
    connect(name(target), isNamed ? demandNames(names, callback) : callback);
  };
  return connector;
}

/** A connector that takes a Pod for what its SPIFFE ID says. Without TLS it has none, and is connected to as it is. */
function connectBySpiffe(
  rule: NonNullable<ServersTransport["spiffe"]>,
  authority: string,
  spiffe: SpiffeTrust,
  options: buildConnector.BuildOptions,
  name: (target: buildConnector.Options) => buildConnector.Options,
): buildConnector.connector {
  const plain = buildConnector(options);
  const connector: buildConnector.connector = (target, callback) => {
    if (target.protocol !== "https:") return plain(name(target), callback);
    const dial = (tls: SpiffeTls): Promise<Socket> => {
      const connect = buildConnector({ ...options, ...tls });
      return new Promise((resolve, reject) => {
        connect(name(target), (error, socket) => {
          // The library leaves the socket of a failed attempt out, where its types have null.
          if (error !== null || !socket) reject(error ?? new Error("there is no connection"));
          else resolve(socket);
        });
      });
    };
    spiffe.connect(rule, authority, dial).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
  return connector;
}

/** Lets a connection through only when the Pod's certificate has one of the names. */
function demandNames(
  names: ReturnType<typeof demandedNames>,
  callback: buildConnector.Callback,
): buildConnector.Callback {
  return (...[error, socket]) => {
    if (error !== null || !(socket instanceof TLSSocket)) return callback(error ?? new Error("no TLS"), null);
    const fault = faultOfNames(socket, names);
    if (fault === undefined) return callback(null, socket);
    socket.destroy();
    callback(fault, null);
  };
}

type TlsOptions = Pick<SecureContextOptions, "ca" | "cert" | "key" | "minVersion" | "maxVersion" | "ciphers"> & {
  rejectUnauthorized?: boolean;
};

function tlsOptions(transport: ServersTransport | undefined): TlsOptions {
  if (transport === undefined) return {};
  const { insecureSkipVerify, rootCAs = [], certificates = [] } = transport;
  const { minTlsVersion, maxTlsVersion, cipherSuites = [] } = transport;
  return {
    ...(minTlsVersion !== undefined && { minVersion: minTlsVersion }),
    ...(maxTlsVersion !== undefined && { maxVersion: maxTlsVersion }),
    ...(cipherSuites.length > 0 && { ciphers: cipherSuites.join(":") }),
    ...(insecureSkipVerify === true && { rejectUnauthorized: false }),
    ...(rootCAs.length > 0 && { ca: rootCAs }),
    ...(certificates.length > 0 && {
      cert: certificates.map(({ certificate }) => certificate),
      key: certificates.map(({ key }) => key),
    }),
  };
}
