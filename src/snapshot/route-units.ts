import type { Middleware } from "../table/middleware.ts";
import { addOwner, eachOwner, type Owners, removeOwner } from "../table/owners.ts";
import type { Router } from "../table/router.ts";
import type { Service } from "../table/service.ts";
import type { TableChanges } from "../table/table-changes.ts";
import { canonicalJson, utf8Length } from "./canonical-json.ts";
import { collectReferences, type References } from "./collect-references.ts";
import { bytesOfUnit, fitsRouteLeaf, roomBeside } from "./leaf-draft.ts";
import { type Fragment, type RouteUnit, toFragment } from "./route-unit.ts";
import { namesHosts, splitRule } from "./split-rule.ts";

type Part = "services" | "middlewares";

interface Written {
  readonly unit: RouteUnit;
  /** What leaves hold of it; several where a leaf cannot hold it even closed. */
  readonly placed: Placed;
  /** What the router refers to and the table does not have, in most tables nothing. */
  readonly missing: References | undefined;
}

/** A router that no leaf can hold. */
export interface TooLarge {
  router: string;
  /** Its bytes, with all that it refers to. */
  bytes: number;
  /** Whether it refuses its requests. Else its rule cannot be told in less, and they go to a lower router. */
  isClosed: boolean;
  /** Whether it refuses others for the hosts that it names besides, since only a part of its rule fits. */
  isWidened: boolean;
}

/** What becomes of such a router, for people. */
export function describeTooLarge({ isClosed, isWidened }: TooLarge): string {
  if (!isClosed) return "is left out, and lower routers take its requests";
  return isWidened ? "is closed, with all else of its hosts that is not above it" : "is closed";
}

/** Nearly every router is one unit. */
type Placed = RouteUnit | readonly RouteUnit[];

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

    const gone = [...routers.keys()].flatMap((name) => this.#forget(name));
    const come = [...routers.values()].flatMap((router) => (router === undefined ? [] : this.#write(router)));
    return { gone, come };
  }

  #write(router: Router): Placed {
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
    const closed = fitsRouteLeaf(unit) ? undefined : closeRouter(router);
    const placed = closed?.units ?? unit;
    const written = { unit, placed, missing: missingIn(this.#entries, names) };
    this.#written.set(router.name, written);
    for (const [part, name] of referencesOf(written)) {
      const users = this.#users[part].get(name);
      const more = addOwner(users, written);
      if (more !== users) this.#users[part].set(name, more);
    }
    if (closed !== undefined) {
      const { units, isWidened } = closed;
      this.#tooLarge.set(router.name, { bytes: bytesOfUnit(unit), isClosed: units.length > 0, isWidened });
    }
    return placed;
  }

  #forget(name: string): Placed {
    const written = this.#written.get(name);
    if (written === undefined) return [];
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

/** Of a rule that is too large, people are shown so many characters. */
const SHOWN_TEXT = 1_000;

/**
 * A router without all that it refers to, which keeps its place, so that no lower one takes its requests. Where its rule
 * alone is too large, there are several of it, each with a part of the rule: they refuse alike, so that nobody sees a
 * difference. Requests of hosts that it does not name are left alone when the parts would take them without the whole.
 */
function closeRouter(router: Router): { units: readonly RouteUnit[]; isWidened: boolean } {
  const closed: Router = { ...router, closedBy: "router-too-large" };
  const unit = toUnit(closed);
  if (fitsRouteLeaf(unit)) return { units: [unit], isWidened: false };
  const bare: Router = { ...closed, middlewares: [], ruleText: clip(router.ruleText) };
  const split = splitRule(router.rule, roomBeside(toUnit({ ...bare, rule: { type: "any" } })));
  if (split === undefined || !(split.isExact || split.rules.every(namesHosts))) return { units: [], isWidened: false };
  return { units: split.rules.map((rule) => toUnit({ ...bare, rule })), isWidened: !split.isExact };
}

const clip = (text: string): string =>
  text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT).toWellFormed()}…` : text;

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
