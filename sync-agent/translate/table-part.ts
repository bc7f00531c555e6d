import type { KubernetesObject } from "../source/kubernetes-object.ts";
import type { Fragment } from "./fragment.ts";

export type TablePart = Fragment["table"];

/** The parts of a table that hold values under names. */
export type RecordPart = Exclude<keyof TablePart, "routers">;

export const recordParts = [
  "services",
  "middlewares",
  "endpoints",
  "serversTransports",
] as const satisfies RecordPart[];

/** What one object contributes to the table. A changed fragment is another contribution. */
export interface Contribution {
  /** Fragments are laid over each other in the order of their keys. */
  readonly key: string;
  readonly object: KubernetesObject;
  readonly table: TablePart;
}

export const inOrder = (a: Contribution, b: Contribution): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

export const emptyPart = (): TablePart => ({
  routers: [],
  services: {},
  middlewares: {},
  endpoints: {},
  serversTransports: {},
});
