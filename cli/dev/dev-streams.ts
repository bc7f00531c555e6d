import { createSocket } from "node:dgram";
import { performance } from "node:perf_hooks";
import { callEntryPoints } from "../../relay/grpc/call-entry-points.ts";
import { type Grpc, startGrpc } from "../../relay/grpc/start-grpc.ts";
import type { Choices } from "../../relay/health/choices.ts";
import type { SpiffeTrust } from "../../relay/spiffe/spiffe-trust.ts";
import type { ListenerStatus } from "../../relay/streams/listener-set.ts";
import { type Streams, startStreams } from "../../relay/streams/start-streams.ts";
import type { StreamObserver } from "../../relay/streams/stream-observer.ts";
import { defaultStreamSettings } from "../../relay/streams/stream-settings.ts";
import { createAccessLogs } from "../../src/access-log/log-exchange.ts";
import { bareRuntime } from "../../src/middleware/runtime.ts";
import { createUnseal } from "../../src/seal/create-unseal.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Table } from "../../src/table/table.ts";
import type { PrintableProblem } from "../print/format-problem.ts";
import type { CertificateStore } from "./certificate-store.ts";
import { joinCompanions } from "./dev-companion.ts";
import type { FrontDoor } from "./front-door.ts";
import { createHttpCompanion } from "./http-companion.ts";
import { placeEntryPoints } from "./place-entry-points.ts";
import type { Address } from "./tls-listener.ts";

/** An entry point of UDP as it listens. */
export interface Hatch extends Address {
  name: string;
}

export interface DevStreamsOptions {
  frontDoor: FrontDoor;
  certificates: CertificateStore;
  /** Ports on which stand-ins listen: they speak no TLS that anyone trusts. */
  standInPorts: () => ReadonlySet<number>;
  /** Opens what middlewares need of Secrets. */
  /** Of the origin gateway. */
  choices: Choices;
  spiffe: SpiffeTrust;
  sealKey: Uint8Array;
  /** Where entry points of UDP listen, by name. */
  overrides: Readonly<Record<string, Address>>;
  /** Whether those that are not placed by hand take any free port. */
  anyPort: boolean;
  /** Whether the addresses of the table are a person's. */
  isConfigured: boolean;
  log: (level: string, message: string) => void;
  /** Takes the lines of the access log of calls. */
  writeAccess: (line: string) => void;
}

const LOOPBACK = "127.0.0.1";

/** Carries TCP, UDP and gRPC by the table that is served: through the doors that they share with HTTP. */
export class DevStreams {
  readonly #options: DevStreamsOptions;
  readonly #streams: Streams;
  readonly #grpc: Grpc;
  #ofCalls: ReadonlySet<string> = new Set();
  /** Where entry points were first placed: those with any port stay at the one that they got. */
  readonly #places = new Map<string, Address>();
  #table: Table = emptyTable();

  constructor(options: DevStreamsOptions) {
    const { frontDoor, certificates, log } = options;
    this.#options = options;
    const fallbackCertificate = { certificate: certificates.local.cert, key: certificates.local.key };
    this.#grpc = startGrpc({
      table: this.#table,
      serves: (name) => this.#ofCalls.has(name),
      choices: options.choices,
      spiffe: options.spiffe,
      runtime: { ...bareRuntime(), unseal: createUnseal(Buffer.from(options.sealKey).toString("base64")) },
      handshakeTimeoutMs: defaultStreamSettings.handshakeTimeoutMs,
      fallbackCertificate,
      random: Math.random,
      now: () => performance.now(),
      ended: () => {},
      accessLogs: createAccessLogs({ write: options.writeAccess, now: Date.now }),
      log: (message, error) => log("warn", `${message}: ${error}`),
    });
    const doorOf = (name: string) => frontDoor.doors.find((door) => door.name === name);
    this.#streams = startStreams({
      spiffe: options.spiffe,
      table: this.#table,
      settings: defaultStreamSettings,
      observer: silent,
      placement: {
        place: (name) => this.#places.get(name),
        isShared: (name) => doorOf(name)?.isShared === true,
      },
      companion: (entryPoint) => {
        const http = createHttpCompanion({
          entryPoint,
          takesTls: doorOf(entryPoint)?.tls === true,
          table: () => this.#table,
          take: (socket) => frontDoor.take(entryPoint, socket),
        });
        const grpc = this.#grpc.companion(entryPoint);
        return grpc === undefined ? http : joinCompanions(http, grpc);
      },
      fallbackCertificate,
      random: Math.random,
      now: () => performance.now(),
      log: (level, message, fields) => {
        if (level === "error") log(level, `${message}: ${JSON.stringify(fields)}`);
      },
    });
  }

  /** Resolves when all is listened at that the table needs, or could not be. */
  async take(table: Table): Promise<void> {
    await this.#place(table);
    this.#table = table;
    this.#ofCalls = callEntryPoints(table);
    this.#grpc.take(table);
    this.#streams.take(speakPlainly(table, this.#options.standInPorts()));
    await this.#streams.settled();
    for (const { name, protocol, address } of this.#streams.listeners()) {
      if (protocol === "tcp" && address !== undefined) this.#options.frontDoor.locate(name, address.port);
    }
  }

  /** The entry points of UDP that listen. */
  hatches(): Hatch[] {
    return this.#streams
      .listeners()
      .flatMap(({ name, protocol, address }) =>
        protocol === "udp" && address !== undefined ? [{ name, host: address.address, port: address.port }] : [],
      );
  }

  problems(): PrintableProblem[] {
    return this.#streams.listeners().flatMap((listener) => (listener.reason === undefined ? [] : [describe(listener)]));
  }

  async close(): Promise<void> {
    await Promise.all([this.#streams.close(), this.#grpc.close()]);
  }

  async #place({ relayEntryPoints }: Table): Promise<void> {
    const { frontDoor, overrides, anyPort, isConfigured } = this.#options;
    for (const { name, host, port, isShared } of frontDoor.doors) {
      if (isShared && !this.#places.has(name)) this.#places.set(name, { host, port });
    }
    const isNew = (name: string): boolean => relayEntryPoints[name]?.protocol === "udp" && !this.#places.has(name);
    const added = Object.fromEntries(Object.entries(relayEntryPoints).filter(([name]) => isNew(name)));
    const known = Object.fromEntries([...this.#places].filter(([name]) => relayEntryPoints[name]?.protocol === "udp"));
    const anywhere = Object.fromEntries(Object.keys(added).map((name) => [name, { host: LOOPBACK, port: 0 }]));
    const places = await placeEntryPoints({
      entryPoints: { ...known, ...added },
      ...(isConfigured && { configured: added }),
      overrides: { ...(anyPort && anywhere), ...overrides, ...known },
      isFree: isFreeForUdp,
    });
    for (const { name, host, port } of places) this.#places.set(name, { host, port });
  }
}

/** TLS to a stand-in would fail for its certificate, which nobody has signed. */
function speakPlainly(table: Table, standInPorts: ReadonlySet<number>): Table {
  const isStandIn = (endpoints: string): boolean => {
    const pods = table.relayEndpoints[endpoints]?.endpoints ?? [];
    return pods.length > 0 && pods.every(({ port }) => standInPorts.has(port));
  };
  const encrypted = Object.entries(table.tcpServices).flatMap(([name, service]) =>
    service.type === "loadBalancer" && service.tls && isStandIn(service.endpoints)
      ? [[name, { ...service, tls: false }] as const]
      : [],
  );
  if (encrypted.length === 0) return table;
  return { ...table, tcpServices: { ...table.tcpServices, ...Object.fromEntries(encrypted) } };
}

const describe = ({ name, protocol, wanted: { host, port }, reason }: ListenerStatus): PrintableProblem => ({
  code: "entry-point-not-listening",
  severity: "error",
  message: `entry point ${name} cannot listen on ${host}:${port}${protocol === "udp" ? "/udp" : ""}: ${reason}`,
  hint: `choose another port with --entrypoint ${name}=${host}:PORT`,
});

const silent: StreamObserver = {
  connectionRouted: () => {},
  connectionEnded: () => {},
  connectionRefused: () => {},
  sessionEnded: () => {},
  datagramDropped: () => {},
};

function isFreeForUdp(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createSocket(host.includes(":") ? "udp6" : "udp4");
    probe.once("error", () => resolve(false));
    probe.bind(port, host, () => probe.close(() => resolve(true)));
  });
}
