import type { Table } from "../../src/table/table.ts";
import type { ObjectRef } from "../source/kubernetes-object.ts";
import type { Fragment } from "./fragment.ts";
import { sha256Hex } from "./names.ts";
import { mapMiddleware, mapRouter, mapService } from "./table-references.ts";

export type TablePart = Fragment["table"];
type Part = Exclude<keyof TablePart, "routers">;

const parts = ["services", "middlewares", "endpoints", "serversTransports"] as const satisfies Part[];

/**
 * Lays fragments over each other, in their order. Where two hold different things under one name (`a-b`/`c` and
 * `a`/`b-c` make the same name), the first keeps it and the other's gets a suffix, so that nobody's requests reach
 * what belongs to another.
 */
export function mergeFragments(fragments: Iterable<{ ref: ObjectRef; fragment: Fragment }>): TablePart {
  const merged: TablePart = { routers: [], services: {}, middlewares: {}, endpoints: {}, serversTransports: {} };
  const routerNames = new Set<string>();
  for (const { ref, fragment } of fragments) {
    const part = withoutConflicts(fragment.table, merged, ref);
    for (const kind of parts) {
      for (const [name, value] of Object.entries(part[kind])) put(merged[kind], name, value);
    }
    for (const router of part.routers) {
      const name = routerNames.has(router.name) ? suffixed(router.name, ref) : router.name;
      if (routerNames.has(name)) continue;
      routerNames.add(name);
      merged.routers.push(name === router.name ? router : { ...router, name });
    }
  }
  return merged;
}

function withoutConflicts(part: TablePart, merged: TablePart, ref: ObjectRef): TablePart {
  // A renamed child changes the services around it, which may then be in conflict themselves.
  for (let current = part; ; ) {
    const renamed = conflictsOf(current, merged);
    if (renamed.size === 0) return current;
    current = renameAll(current, renamed, ref);
  }
}

function conflictsOf(part: TablePart, merged: TablePart): Set<string> {
  const conflicts = new Set<string>();
  for (const kind of parts) {
    for (const [name, value] of Object.entries(part[kind])) {
      const other = Object.hasOwn(merged[kind], name) ? merged[kind][name] : undefined;
      if (other !== undefined && other !== value && textOf(other) !== textOf(value)) conflicts.add(`${kind} ${name}`);
    }
  }
  return conflicts;
}

function renameAll(part: TablePart, conflicts: ReadonlySet<string>, ref: ObjectRef): TablePart {
  const rename = (kind: Part, name: string): string => (conflicts.has(`${kind} ${name}`) ? suffixed(name, ref) : name);
  const entries = <T>(kind: Part, record: Record<string, T>, map: (value: T) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [rename(kind, name), map(value)]));
  return {
    routers: part.routers.map((router) => mapRouter(router, rename)),
    services: entries("services", part.services, (service) => mapService(service, rename)),
    middlewares: entries("middlewares", part.middlewares, (middleware) => mapMiddleware(middleware, rename)),
    endpoints: entries("endpoints", part.endpoints, (endpoints) => endpoints),
    serversTransports: entries("serversTransports", part.serversTransports, (transport) => transport),
  };
}

/** `name~1a2b3c4d@provider`: `~` occurs in no other name, so that a suffix cannot meet one. */
function suffixed(name: string, ref: ObjectRef): string {
  const suffix = `~${sha256Hex(`${name} ${ref.kind} ${ref.namespace}/${ref.name}`).slice(0, 8)}`;
  const at = name.lastIndexOf("@");
  return at === -1 ? name + suffix : `${name.slice(0, at)}${suffix}${name.slice(at)}`;
}

/** A copy of the table with only what its routers reach, in an order that depends on names alone. */
export function dropUnreferenced(table: Table): Table {
  const kept: Record<Part, Set<string>> = {
    services: new Set(),
    middlewares: new Set(),
    endpoints: new Set(),
    serversTransports: new Set(),
  };
  const open: [Part, string][] = [];
  const visit = (kind: Part, name: string): string => {
    if (!kept[kind].has(name) && Object.hasOwn(table[kind], name)) {
      kept[kind].add(name);
      open.push([kind, name]);
    }
    return name;
  };
  for (const router of table.routers) mapRouter(router, visit);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [kind, name] = next;
    const service = kind === "services" ? table.services[name] : undefined;
    const middleware = kind === "middlewares" ? table.middlewares[name] : undefined;
    if (service !== undefined) mapService(service, visit);
    if (middleware !== undefined) mapMiddleware(middleware, visit);
  }
  return {
    entryPoints: table.entryPoints,
    routers: table.routers.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    services: pick(table.services, kept.services),
    middlewares: pick(table.middlewares, kept.middlewares),
    endpoints: pick(table.endpoints, kept.endpoints),
    serversTransports: pick(table.serversTransports, kept.serversTransports),
  };
}

function pick<T>(record: Record<string, T>, names: ReadonlySet<string>): Record<string, T> {
  const picked: Record<string, T> = {};
  for (const name of [...names].sort()) {
    const value = record[name];
    if (value !== undefined) put(picked, name, value);
  }
  return picked;
}

const put = (record: object, name: string, value: unknown): void => {
  Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
};

/** Fragments are kept from one translation to the next, and with them the text of what they hold. */
const texts = new WeakMap<object, string>();
function textOf(value: object): string {
  let text = texts.get(value);
  if (text === undefined) {
    text = JSON.stringify(value);
    texts.set(value, text);
  }
  return text;
}
