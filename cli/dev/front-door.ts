import { createServer, type Socket } from "node:net";
import type { CertificateStore } from "./certificate-store.ts";
import { Edge, type EdgeOptions, type EdgeSocket } from "./edge.ts";
import type { Place } from "./place-entry-points.ts";
import { createHttpSockets, type HttpSockets, startTlsListener, type TlsListener } from "./tls-listener.ts";

/** An entry point of TCP with its place. */
export interface Door extends Place {
  /** It takes TLS beside plain connections. */
  tls: boolean;
  /** Routes of TCP are on it too: they are asked first, and it is they who listen. */
  isShared: boolean;
}

/** The port that an entry point wants is not to be had. */
class PortError extends Error {
  override name = "PortError";
  constructor({ name, host, port }: Place, reason: string) {
    const option = `--entrypoint ${name}=${host}:PORT`;
    super(`entry point ${name} cannot listen on ${host}:${port}: ${reason}; choose another port with ${option}`);
  }
}

/**
 * The entry points' listeners. A plain one is a socket of the Worker itself; one with TLS is a listener in front of
 * two private sockets of the Worker; for one that is shared, others listen, and what is not theirs is handed on to
 * `take`. Entry points come, become TLS and become shared, but never go.
 */
export class FrontDoor {
  readonly #certificates: CertificateStore;
  readonly #tlsListeners = new Map<string, TlsListener>();
  /** Of the doors that are shared. */
  readonly #sockets = new Map<string, HttpSockets>();
  #doors: Door[] = [];
  readonly edge: Edge;

  private constructor(edge: Edge, certificates: CertificateStore) {
    this.edge = edge;
    this.#certificates = certificates;
  }

  static async open(options: EdgeOptions, certificates: CertificateStore, doors: readonly Door[]): Promise<FrontDoor> {
    await checkPorts(doors);
    const frontDoor = new FrontDoor(await Edge.start(options, doors.flatMap(socketsOf)), certificates);
    try {
      await frontDoor.#listen(doors);
    } catch (error) {
      await frontDoor.close();
      throw error;
    }
    return frontDoor;
  }

  get doors(): readonly Door[] {
    return this.#doors;
  }

  /** Takes a connection to a shared door that no route of TCP has. Its bytes are all still to be read. */
  take(name: string, socket: Socket): void {
    const sockets = this.#sockets.get(name);
    if (sockets === undefined) socket.destroy();
    else sockets.take(socket);
  }

  /** Tells where a shared door is listened at. */
  locate(name: string, port: number): void {
    this.#doors = this.#doors.map((door) => (door.name === name ? { ...door, port } : door));
  }

  /**
   * Opens doors that are not open yet, adds TLS to those that lack it, and lets go of those that are to be shared. The Worker starts anew for it, so
   * connections break; nothing happens when nothing changes.
   *
   * @returns whether anything changed
   */
  async extend(wanted: readonly Door[]): Promise<boolean> {
    const known = new Map(this.#doors.map((door) => [door.name, door]));
    const added = wanted.filter(({ name }) => !known.has(name));
    const doors = [
      ...this.#doors.map((door) => {
        const own = wanted.filter(({ name }) => name === door.name);
        const tls = door.tls || own.some(({ tls }) => tls);
        return { ...door, tls, isShared: door.isShared || own.some(({ isShared }) => isShared) };
      }),
      ...added,
    ];
    const isSame = (door: Door): boolean => {
      const before = known.get(door.name);
      return before?.tls === door.tls && before.isShared === door.isShared;
    };
    if (added.length === 0 && doors.every(isSame)) return false;
    await checkPorts(added, this.#doors);
    for (const { name } of doors.filter(({ isShared }) => isShared)) {
      await this.#tlsListeners.get(name)?.close();
      this.#tlsListeners.delete(name);
    }
    await this.edge.setSockets(doors.flatMap(socketsOf));
    await this.#listen(doors);
    return true;
  }

  async close(): Promise<void> {
    for (const sockets of this.#sockets.values()) sockets.close();
    await Promise.all([...this.#tlsListeners.values()].map((listener) => listener.close()));
    await this.edge.close();
  }

  /** Starts the TLS listeners that are missing, and takes note of the ports that the system chose. */
  async #listen(doors: readonly Door[]): Promise<void> {
    const open: Door[] = [];
    for (const door of doors) {
      const { name, tls, isShared } = door;
      const behind = {
        tls: () => (this.#hasTls(name) ? this.edge.address(name, true) : undefined),
        plain: () => this.edge.address(name, false),
        certificates: this.#certificates,
      };
      if (isShared) {
        if (!this.#sockets.has(name)) this.#sockets.set(name, createHttpSockets(behind));
        open.push(door);
      } else if (tls) {
        const listener = this.#tlsListeners.get(name) ?? (await startTlsListener({ ...behind, listen: door }));
        this.#tlsListeners.set(name, listener);
        open.push({ ...door, port: listener.port });
      } else open.push({ ...door, port: this.edge.address(name, false).port });
    }
    this.#doors = open;
  }

  #hasTls(name: string): boolean {
    return this.#doors.some((door) => door.name === name && door.tls);
  }
}

function socketsOf({ name, tls, isShared, host, port }: Door): EdgeSocket[] {
  if (!tls && !isShared) return [{ entryPoint: name, tls, isPrivate: false, host, port }];
  const anywhere = { entryPoint: name, isPrivate: true, host: "127.0.0.1", port: 0 };
  return [{ ...anywhere, tls: false }, ...(tls ? [{ ...anywhere, tls: true }] : [])];
}

async function checkPorts(doors: readonly Door[], others: readonly Door[] = []): Promise<void> {
  const seen = [...others];
  for (const door of doors) {
    const twin = seen.find(({ host, port }) => port !== 0 && port === door.port && host === door.host);
    const reason = twin ? `entry point ${twin.name} has it` : await whyNotListen(door.host, door.port);
    if (reason !== undefined) throw new PortError(door, reason);
    seen.push(door);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EACCES: "only the system may listen there",
  EADDRNOTAVAIL: "this machine does not have that address",
};

/** @returns why no listener can be opened there now; undefined when one can */
export function whyNotListen(host: string, port: number): Promise<string | undefined> {
  if (port === 0) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", ({ code = "", message }: NodeJS.ErrnoException) => resolve(REASONS[code] ?? message));
    probe.listen(port, host, () => probe.close(() => resolve(undefined)));
  });
}
