import type { Middleware } from "../table/middleware.ts";
import { addOwner, eachOwner, type Owners, removeOwner } from "../table/owners.ts";
import type { Router } from "../table/router.ts";
import type { Service } from "../table/service.ts";
import type { TableChanges } from "../table/table-changes.ts";
import { canonicalJson, utf8Length } from "./canonical-json.ts";
import { collectReferences, type References } from "./collect-references.ts";
import { bytesOfUnit, fitsRouteLeaf } from "./leaf-draft.ts";
import { type Fragment, type RouteUnit, toFragment } from "./route-unit.ts";

type Part = "services" | "middlewares";

interface Written {
  readonly unit: RouteUnit;
  /** What leaves hold of it. */
  readonly placed: RouteUnit | undefined;
  /** What the router refers to and the table does not have, in most tables nothing. */
  readonly missing: References | undefined;
}

/** A router that no leaf can hold. */
export interface TooLarge {
  router: string;
  /** Its bytes, with all that it refers to. */
  bytes: number;
  /** Whether it refuses its requests. Else not even its rule fits, and they go to a lower router. */
  isClosed: boolean;
}

/**
 * The routers of a table as they are written, each with the services and middlewares that it refers to over any number
 * of steps. A name that the table does not have is left out: whoever reads the leaf meets the same dangling name.
 */
export class RouteUnits {
  readonly #written = new Map<string, Written>();
  /** What the table has, which as a whole would have to be made first. */
  readonly #entries = { services: new Map<string, Service>(), middlewares: new Map<string, Middleware>() };
  readonly #fragments: Record<Part, Map<string, Fragment>> = { services: new Map(), middlewares: new Map() };
  /** Who refers to a name, whether or not the table has it. */
  readonly #users: Record<Part, Map<string, Owners<Written>>> = { services: new Map(), middlewares: new Map() };
  readonly #tooLarge = new Map<string, Omit<TooLarge, "router">>();

  /** The routers that no leaf can hold, in order of their names. */
  get tooLarge(): TooLarge[] {
    return [...this.#tooLarge]
      .map(([router, more]) => ({ router, ...more }))
      .sort((a, b) => (a.router < b.router ? -1 : 1));
  }

  /** @returns the units that leaves must do without, and those that they must hold instead */
  change(changes: TableChanges): { gone: RouteUnit[]; come: RouteUnit[] } {
    changeEntries(this.#entries.services, changes.services);
    changeEntries(this.#entries.middlewares, changes.middlewares);
    const routers = new Map<string, Router | undefined>();
    for (const part of ["services", "middlewares"] as const) {
      for (const name of [...Object.keys(changes[part].put), ...changes[part].removed]) {
        this.#fragments[part].delete(name);
        for (const { unit } of eachOwner(this.#users[part].get(name))) routers.set(unit.router.name, unit.router);
      }
    }
    for (const name of changes.routers.removed) routers.set(name, undefined);
    for (const [name, router] of Object.entries(changes.routers.put)) routers.set(name, router);

    const gone = [...routers.keys()].flatMap((name) => this.#forget(name) ?? []);
    const come = [...routers.values()].flatMap((router) => (router && this.#write(router)) ?? []);
    return { gone, come };
  }

  #write(router: Router): RouteUnit | undefined {
    const { services, middlewares } = this.#entries;
    const names = collectReferences(
      { service: (name) => services.get(name), middleware: (name) => middlewares.get(name) },
      router,
    );
    const fragmentsOf = (part: Part): Fragment[] => names[part].flatMap((name) => this.#fragment(part, name) ?? []);
    const unit: RouteUnit = {
      ...toUnit(router),
      // Lists that were filled one by one hold room for more.
      services: fragmentsOf("services").slice(),
      middlewares: fragmentsOf("middlewares").slice(),
    };
    const placed = fitsRouteLeaf(unit) ? unit : closedUnit(router);
    const written = { unit, placed, missing: missingIn(this.#entries, names) };
    this.#written.set(router.name, written);
    for (const [part, name] of referencesOf(written)) {
      const users = this.#users[part].get(name);
      const more = addOwner(users, written);
      if (more !== users) this.#users[part].set(name, more);
    }
    if (placed !== unit) {
      this.#tooLarge.set(router.name, { bytes: bytesOfUnit(unit), isClosed: placed !== undefined });
    }
    return placed;
  }

  #forget(name: string): RouteUnit | undefined {
    const written = this.#written.get(name);
    if (written === undefined) return undefined;
    this.#written.delete(name);
    for (const [part, reference] of referencesOf(written)) {
      const users = this.#users[part].get(reference);
      const fewer = removeOwner(users, written);
      if (fewer === undefined) {
        this.#users[part].delete(reference);
        this.#fragments[part].delete(reference);
      } else if (fewer !== users) this.#users[part].set(reference, fewer);
    }
    this.#tooLarge.delete(name);
    return written.placed;
  }

  #fragment(part: Part, name: string): Fragment | undefined {
    const known = this.#fragments[part].get(name);
    const value = this.#entries[part].get(name);
    if (known !== undefined || value === undefined) return known;
    const made = toFragment(name, value);
    this.#fragments[part].set(name, made);
    return made;
  }
}

function toUnit(router: Router): RouteUnit {
  const text = canonicalJson(router);
  return { router, text, bytes: utf8Length(text), services: [], middlewares: [] };
}

/** A router without all that it refers to, which keeps its place, so that no lower one takes its requests. */
function closedUnit(router: Router): RouteUnit | undefined {
  const closed = toUnit({ ...router, closedBy: "router-too-large" });
  return fitsRouteLeaf(closed) ? closed : undefined;
}

function* referencesOf({ unit, missing }: Written): Iterable<[Part, string]> {
  for (const part of ["services", "middlewares"] as const) {
    for (const { name } of unit[part]) yield [part, name];
    for (const name of missing?.[part] ?? []) yield [part, name];
  }
}

interface Entries {
  readonly services: ReadonlyMap<string, Service>;
  readonly middlewares: ReadonlyMap<string, Middleware>;
}

function changeEntries<T>(
  entries: Map<string, T>,
  { put, removed }: { put: Record<string, T>; removed: string[] },
): void {
  for (const name of removed) entries.delete(name);
  for (const [name, value] of Object.entries(put)) entries.set(name, value);
}

function missingIn(entries: Entries, { services, middlewares }: References): References | undefined {
  const missing = {
    services: services.filter((name) => !entries.services.has(name)),
    middlewares: middlewares.filter((name) => !entries.middlewares.has(name)),
  };
  return missing.services.length + missing.middlewares.length === 0 ? undefined : missing;
}
