import type { GatewayTable, GatewayTableSource } from "../../relay/origin-gateway/gateway-table.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import { toGatewayTable } from "./gateway-table.ts";

/** Holds what the origin gateway routes by, and swaps it as a whole. */
export class GatewayFeed implements GatewayTableSource {
  readonly #standInPorts: () => ReadonlySet<number>;
  #current: GatewayTable | undefined;
  #pointer: Pointer;
  #table: Table | undefined;
  #before: Table | undefined;
  /** Told of each new table. */
  onChange: (table: GatewayTable) => void = () => {};

  constructor(publisher: string, standInPorts: () => ReadonlySet<number>) {
    this.#pointer = { publisher, epoch: 0, generation: 0, root: "" };
    this.#standInPorts = standInPorts;
  }

  current(): GatewayTable | undefined {
    return this.#current;
  }

  /** Before the edge learns of a table: what it will route to must be known here, and what is gone must be gone. */
  prepare(table: Table): void {
    if (table !== this.#table) [this.#before, this.#table] = [this.#table, table];
    this.#swap(table);
  }

  /** After a table was published: from now on the edge is told of its pointer. */
  announce(table: Table, pointer: Pointer): void {
    this.#pointer = pointer;
    this.#swap(table);
  }

  #swap(table: Table): void {
    this.#current = toGatewayTable(table, this.#before, this.#pointer, this.#standInPorts());
    this.onChange(this.#current);
  }
}
