import { canonicalJson } from "../snapshot/canonical-json.ts";
import { emptyTable } from "./empty-table.ts";
import type { Table } from "./table.ts";
import { diffTables, type TableChanges, type TablePartName, tableParts } from "./table-changes.ts";

/**
 * A digest of a table that follows its changes: the sum of the hashes of all its entries, so that one entry's change
 * costs one hash, however large the table. It tells an accident from the truth, not a forger: whoever may send tables
 * is known by other means.
 */
export class TableDigest {
  /** Of each entry, by part and name. */
  readonly #entries = new Map<string, bigint>();
  readonly #hash: (text: string) => string;
  #sum = 0n;

  /** @param hash SHA-256 of a text, as hexadecimal digits */
  constructor(hash: (text: string) => string, table: Table) {
    this.#hash = hash;
    this.update(diffTables(emptyTable(), table));
  }

  /** Equal for equal tables. */
  get id(): string {
    return this.#sum.toString(36);
  }

  update(changes: TableChanges): void {
    for (const part of tableParts) {
      const { put, removed } = changes[part];
      for (const name of removed) this.#set(`${part} ${name}`, undefined);
      for (const [name, value] of Object.entries(put)) this.put(part, name, value);
    }
  }

  /** Takes an entry as somebody wrote it who may know more fields than this program. */
  put(part: TablePartName, name: string, value: unknown): void {
    const key = `${part} ${name}`;
    this.#set(key, BigInt(`0x${this.#hash(`${key} ${canonicalJson(value)}`).slice(0, 32)}`));
  }

  #set(key: string, hash: bigint | undefined): void {
    this.#sum = BigInt.asUintN(128, this.#sum - (this.#entries.get(key) ?? 0n) + (hash ?? 0n));
    if (hash === undefined) this.#entries.delete(key);
    else this.#entries.set(key, hash);
  }
}
