import { emptyTable } from "../../src/table/empty-table.ts";
import type { Table } from "../../src/table/table.ts";
import type { KubernetesObject } from "../source/kubernetes-object.ts";

/** What routes bring to a table. Its entry points are those of the settings. */
export type TablePart = Omit<Table, "entryPoints" | "relayEntryPoints">;

/** The parts of a table that are lists of routers, each with a name. */
export type RouterPart = "routers" | "tcpRouters" | "udpRouters";

export const routerParts = ["routers", "tcpRouters", "udpRouters"] as const satisfies RouterPart[];

/** The parts of a table that hold values under names. */
export type RecordPart = Exclude<keyof TablePart, RouterPart>;

export const recordParts = [
  "services",
  "middlewares",
  "endpoints",
  "serversTransports",
  "relayEndpoints",
  "tcpServices",
  "tcpMiddlewares",
  "udpServices",
  "tlsOptions",
  "certificates",
] as const satisfies RecordPart[];

/** What one object contributes to the table. A changed fragment is another contribution. */
export interface Contribution {
  /** Fragments are laid over each other in the order of their keys. */
  readonly key: string;
  readonly object: KubernetesObject;
  readonly table: TablePart;
}

export const inOrder = (a: Contribution, b: Contribution): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

export function emptyPart(): TablePart {
  const { entryPoints: _, relayEntryPoints: __, ...part } = emptyTable();
  return part;
}

/** The one that all contributions share which have nothing in a part. */
const nothing = Object.freeze({});
const noRouters: never[] = [];
Object.freeze(noRouters);

/** The same, without room for more: ten thousands of them are kept. */
export function compactPart(table: TablePart): TablePart {
  const compact = { ...table };
  for (const part of recordParts) if (Object.keys(table[part]).length === 0) compact[part] = nothing;
  for (const part of routerParts) {
    // Lists that were filled one by one hold room for more.
    Object.assign(compact, { [part]: table[part].length === 0 ? noRouters : table[part].slice() });
  }
  return compact;
}

/** A value for each part that holds values under names. */
export const perRecordPart = <T>(make: (part: RecordPart) => T): Record<RecordPart, T> =>
  Object.fromEntries(recordParts.map((part) => [part, make(part)])) as Record<RecordPart, T>;
