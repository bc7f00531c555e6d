import type { Router } from "../../src/table/router.ts";
import { emptyChanges, type TableChanges } from "../../src/table/table-changes.ts";
import type { TcpRouter, UdpRouter } from "../../src/table/tcp.ts";
import {
  entryPointParts,
  findClosed,
  placeRouter,
  tableEntryPoints,
  tableRelayEntryPoints,
} from "./apply-entry-points.ts";
import { NameClaims, type PartName } from "./name-claims.ts";
import type { Problem } from "./problem.ts";
import { PublishedEntries } from "./published-entries.ts";
import { reachedByMiddleware, reachedEntries } from "./reached-entries.ts";
import { resolveConflicts } from "./resolve-conflicts.ts";
import { RouterNames } from "./router-names.ts";
import type { TranslateSettings } from "./settings.ts";
import { StreamConflicts } from "./stream-conflicts.ts";
import {
  type Contribution,
  perRecordPart,
  type RecordPart,
  type RouterPart,
  recordParts,
  routerParts,
  type TablePart,
} from "./table-part.ts";

/**
 * Fragments laid over each other, with what the entry points add, without what nothing refers to. An update costs
 * what it exchanges, not what is there; the outcome depends on the contributions alone, not on how they came about.
 */
export class MergedFragments {
  readonly #settings: Pick<TranslateSettings, "entryPoints" | "accessLog">;
  readonly #entryPoints: TranslateSettings["entryPoints"];
  readonly #relayEntryPoints: TranslateSettings["relayEntryPoints"];
  readonly #claims = new NameClaims();
  /** All contributions, with their tables as they are without conflicts of names. */
  readonly #given = new Map<Contribution, TablePart>();
  readonly #routers = {
    routers: new RouterNames<Router>(),
    tcpRouters: new RouterNames<TcpRouter>(),
    udpRouters: new RouterNames<UdpRouter>(),
  };
  readonly #entries = perRecordPart(() => new PublishedEntries<unknown>());
  readonly #conflicts = new StreamConflicts();
  #resolved: ReadonlyMap<Contribution, TablePart> = new Map();
  #closed: ReadonlyMap<string, string> = new Map();
  /** The middlewares of entry points, with all that they need. */
  #ofEntryPoints: readonly PartName[] = [];
  #isNew = true;
  /** What is wrong with the entry points, and between routers. */
  problems: readonly Problem[] = [];

  constructor(settings: Pick<TranslateSettings, "entryPoints" | "relayEntryPoints" | "accessLog">) {
    this.#settings = settings;
    this.#entryPoints = settings.entryPoints;
    this.#relayEntryPoints = settings.relayEntryPoints;
  }

  /** Exchanges contributions. @returns what that changed in the table; the first time, all that is in it */
  update(gone: readonly Contribution[], come: readonly Contribution[]): TableChanges {
    this.#claims.update(gone, come);
    const contested = [...this.#claims.contested()].flatMap(({ part, name }) => [...this.#claims.owners(part, name)]);
    const resolved = resolveConflicts(contested, ({ part, name }) => this.#claims.owners(part, name));
    const { closed, problems } = findClosed(this.#entryPoints, (name) => this.#claims.has("middlewares", name));

    const stale = new Set(gone);
    const mayDiffer = sameEntries(closed, this.#closed) ? [this.#resolved, resolved] : [this.#given];
    for (const contributions of mayDiffer) {
      for (const contribution of contributions.keys()) if (this.#given.has(contribution)) stale.add(contribution);
    }
    for (const contribution of stale) this.#withdraw(contribution);
    for (const { part, name } of this.#ofEntryPoints) this.#entries[part].release(name);

    this.#resolved = resolved;
    this.#closed = closed;
    for (const contribution of gone) stale.delete(contribution);
    for (const contribution of [...stale, ...come]) this.#give(contribution);
    this.#giveEntryPoints();
    this.problems = [...problems, ...this.#conflicts.problems()];
    return this.#settle();
  }

  #give(contribution: Contribution): void {
    const table = this.#resolved.get(contribution) ?? contribution.table;
    this.#given.set(contribution, table);
    this.#conflicts.add(contribution, table);
    const placed = this.#place(table);
    for (const part of routerParts) this.#routers[part].add(contribution, placed[part] as never);
    for (const { part, name } of reachedEntries(placed)) this.#entries[part].hold(name, table[part][name]);
  }

  #withdraw(contribution: Contribution): void {
    const table = this.#given.get(contribution);
    if (table === undefined) return;
    this.#given.delete(contribution);
    this.#conflicts.remove(contribution, table);
    const placed = this.#place(table);
    for (const part of routerParts) this.#routers[part].remove(contribution, placed[part] as never);
    for (const { part, name } of reachedEntries(placed)) this.#entries[part].release(name);
  }

  #place(table: TablePart): TablePart {
    const place = (router: Router): Router[] => placeRouter(router, this.#entryPoints, this.#closed);
    return { ...table, routers: table.routers.flatMap(place) };
  }

  /** What entry points name is in fragments of others, and is there whether or not these reach it. */
  #giveEntryPoints(): void {
    const named = Object.entries(this.#entryPoints).flatMap(([entryPoint, { middlewares = [] }]) =>
      this.#closed.has(entryPoint) ? [] : middlewares,
    );
    this.#ofEntryPoints = [...new Set(named)].flatMap((name) => {
      const table = this.#tableWith(name);
      if (table === undefined) return [];
      const reached = reachedByMiddleware(table, name);
      for (const { part, name: each } of reached) this.#entries[part].hold(each, table[part][each]);
      return reached;
    });
  }

  /** That of a fragment that has a middleware. */
  #tableWith(name: string): TablePart | undefined {
    const owner =
      this.#resolved.size === 0 ? this.#claims.any("middlewares", name) : this.#claims.first("middlewares", name);
    return owner && this.#given.get(owner);
  }

  #settle(): TableChanges {
    const changes = emptyChanges();
    if (this.#isNew) {
      const { routers, services, middlewares } = entryPointParts(this.#settings);
      for (const router of routers) this.#routers.routers.published.hold(router.name, router);
      for (const [name, service] of Object.entries(services)) this.#entries.services.hold(name, service);
      for (const [name, middleware] of Object.entries(middlewares)) this.#entries.middlewares.hold(name, middleware);
      changes.entryPoints.put = tableEntryPoints(this.#settings);
      changes.relayEntryPoints.put = tableRelayEntryPoints(this.#relayEntryPoints);
      this.#isNew = false;
    }
    const settle = (part: RouterPart | RecordPart) =>
      part in this.#routers ? this.#routers[part as RouterPart].settle() : this.#entries[part as RecordPart].settle();
    const settled = [...routerParts, ...recordParts].map((part) => [part, settle(part)]);
    return { ...changes, ...(Object.fromEntries(settled) as Omit<TableChanges, "entryPoints" | "relayEntryPoints">) };
  }
}

const sameEntries = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
