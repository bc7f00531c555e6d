import { EventEmitter } from "node:events";
import { describeTooLarge } from "../../src/snapshot/route-units.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Table } from "../../src/table/table.ts";
import { publish } from "../../sync-agent/publish/publisher.ts";
import type { FolderCache } from "../../sync-agent/source/folder-source.ts";
import type { PrintableProblem } from "../print/format-problem.ts";
import type { Amount } from "../print/nothing-read.ts";
import type { CertificateStore } from "./certificate-store.ts";
import type { DevStreams } from "./dev-streams.ts";
import { explainUnreadable } from "./explain-unreadable.ts";
import type { Door, FrontDoor } from "./front-door.ts";
import type { GatewayFeed } from "./gateway-feed.ts";
import { type Manifests, readManifests } from "./read-manifests.ts";
import { tlsSecrets } from "./tls-secrets.ts";
import type { FolderTranslator } from "./translate-folder.ts";

export interface DevParts {
  dir: string;
  cwd: string;
  cache: FolderCache;
  frontDoor: FrontDoor;
  translator: FolderTranslator;
  feed: GatewayFeed;
  streams: DevStreams;
  certificates: CertificateStore;
  /** The doors that a table needs. */
  findDoors(table: Table): Promise<Door[]>;
  log(level: string, message: string): void;
}

export interface DevEvents {
  /** A new table is served. */
  published: [{ generation: number; table: Table }];
  /** The folder was read, and everything that follows from it is done. */
  loaded: [{ table: Table; problems: readonly PrintableProblem[] }];
}

/** Its only writer is this process, so there is never another leader. */
const EPOCH = 1;

/** Keeps what is served in step with a folder. */
export class DevSession {
  readonly events = new EventEmitter<DevEvents>();
  readonly #parts: DevParts;
  #table: Table = emptyTable();
  #problems: readonly PrintableProblem[] = [];
  #amount: Amount = { files: 0, objects: 0 };
  /** The reading that runs; readings never overlap. */
  #running: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;

  constructor(parts: DevParts) {
    this.#parts = parts;
  }

  /** The table that is served. */
  get table(): Table {
    return this.#table;
  }

  /** What is wrong with the folder as it was last read. */
  get problems(): readonly PrintableProblem[] {
    return [...this.#problems, ...this.#parts.streams.problems()];
  }

  /** How much the folder held when it was last read. */
  get amount(): Amount {
    return this.#amount;
  }

  /**
   * Reads the folder and serves what it says. Resolves when the next request is answered by it; rejects when what
   * was read cannot be served, and then what was served before still is.
   */
  reload(): Promise<void> {
    this.#waiting ??= this.#running.then(() => {
      this.#waiting = undefined;
      const loading = this.#load();
      this.#running = loading.catch(() => undefined);
      return loading;
    });
    return this.#waiting;
  }

  /** Serves what has been read already. */
  async serve(manifests: Manifests): Promise<void> {
    const { frontDoor, certificates, streams, findDoors } = this.#parts;
    const { table, objects, problems, amount, isPartial } = manifests;
    certificates.give(tlsSecrets(objects));
    await frontDoor.extend(await findDoors(table));
    const isLoss = isPartial && countRoutes(table) === 0 && countRoutes(this.#table) > 0;
    if (!isLoss && table !== this.#table) await this.#publish(table);
    await streams.take(this.#table);
    this.#problems = problems;
    this.#amount = amount;
    this.events.emit("loaded", { table: this.#table, problems: this.problems });
  }

  async #load(): Promise<void> {
    const { dir, cwd, cache, translator } = this.#parts;
    let manifests: Manifests;
    try {
      manifests = await readManifests(dir, cache, translator, cwd);
    } catch (error) {
      const message = `${explainUnreadable(error, dir)}; what it held last is still served`;
      this.#problems = [{ code: "file-unreadable", severity: "error", message }];
      this.events.emit("loaded", { table: this.#table, problems: this.problems });
      return;
    }
    await this.serve(manifests);
  }

  async #publish(table: Table): Promise<void> {
    const { frontDoor, feed, log } = this.#parts;
    feed.prepare(table);
    const result = await publish(await frontDoor.edge.store(), table, { epoch: EPOCH, allowEmpty: true });
    for (const problem of result.problems) log("warn", describe(problem));
    if (result.status === "refused") throw new Error(`the table could not be published: ${result.reason}`);
    feed.announce(table, result.pointer);
    this.#table = table;
    const { generation } = result.pointer;
    if (!(await frontDoor.edge.serves(generation)))
      throw new Error(`the Worker does not serve generation ${generation}`);
    if (result.status === "published") this.events.emit("published", { generation, table });
  }
}

const countRoutes = ({ routers, tcpRouters, udpRouters }: Table): number =>
  routers.length + tcpRouters.length + udpRouters.length;

type PublishProblem = Awaited<ReturnType<typeof publish>>["problems"][number];

const describe = (problem: PublishProblem): string =>
  problem.code === "router-too-large"
    ? `route ${problem.router} ${describeTooLarge(problem)}: with all that it refers to it is ${problem.bytes} bytes large`
    : `only some of the endpoints of ${problem.endpoints} are used: there are too many`;
