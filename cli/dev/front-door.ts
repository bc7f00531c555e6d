import { createServer } from "node:net";
import type { CertificateStore } from "./certificate-store.ts";
import { Edge, type EdgeOptions, type EdgeSocket } from "./edge.ts";
import type { Place } from "./place-entry-points.ts";
import { startTlsListener, type TlsListener } from "./tls-listener.ts";

/** An entry point with its place, and whether it takes TLS beside plain connections. */
export interface Door extends Place {
  tls: boolean;
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
 * two private sockets of the Worker. Entry points come and become TLS, but never go.
 */
export class FrontDoor {
  readonly #certificates: CertificateStore;
  readonly #tlsListeners = new Map<string, TlsListener>();
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

  /**
   * Opens doors that are not open yet, and adds TLS to those that lack it. The Worker starts anew for it, so
   * connections break; nothing happens when nothing changes.
   *
   * @returns whether anything changed
   */
  async extend(wanted: readonly Door[]): Promise<boolean> {
    const known = new Map(this.#doors.map((door) => [door.name, door]));
    const added = wanted.filter(({ name }) => !known.has(name));
    const doors = [
      ...this.#doors.map((door) => {
        const tls = door.tls || wanted.some(({ name, tls }) => tls && name === door.name);
        return { ...door, tls };
      }),
      ...added,
    ];
    if (added.length === 0 && doors.every(({ name, tls }) => known.get(name)?.tls === tls)) return false;
    await checkPorts(added, this.#doors);
    await this.edge.setSockets(doors.flatMap(socketsOf));
    await this.#listen(doors);
    return true;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#tlsListeners.values()].map((listener) => listener.close()));
    await this.edge.close();
  }

  /** Starts the TLS listeners that are missing, and takes note of the ports that the system chose. */
  async #listen(doors: readonly Door[]): Promise<void> {
    const open: Door[] = [];
    for (const door of doors) {
      const { name, tls } = door;
      if (!tls) {
        open.push({ ...door, port: this.edge.address(name, false).port });
        continue;
      }
      const listener =
        this.#tlsListeners.get(name) ??
        (await startTlsListener({
          listen: door,
          tls: () => this.edge.address(name, true),
          plain: () => this.edge.address(name, false),
          certificates: this.#certificates,
        }));
      this.#tlsListeners.set(name, listener);
      open.push({ ...door, port: listener.port });
    }
    this.#doors = open;
  }
}

function socketsOf({ name, tls, host, port }: Door): EdgeSocket[] {
  if (!tls) return [{ entryPoint: name, tls, isPrivate: false, host, port }];
  const anywhere = { entryPoint: name, isPrivate: true, host: "127.0.0.1", port: 0 };
  return [
    { ...anywhere, tls: false },
    { ...anywhere, tls: true },
  ];
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
