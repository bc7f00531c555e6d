import { isEqual } from "../../src/table/is-equal.ts";
import { addOwner, eachOwner, type Owners, removeOwner } from "../../src/table/owners.ts";
import { type Contribution, inOrder, perRecordPart, type RecordPart, recordParts } from "./table-part.ts";

/** A name in a part of the table. */
export interface PartName {
  readonly part: RecordPart;
  readonly name: string;
}

/** Which contributions hold something under a name, and under which names they hold different things. */
export class NameClaims {
  readonly #claims = perRecordPart(() => new Map<string, Owners<Contribution>>());
  readonly #contested = perRecordPart(() => new Set<string>());

  has(part: RecordPart, name: string): boolean {
    return this.#claims[part].has(name);
  }

  owners(part: RecordPart, name: string): Iterable<Contribution> {
    return eachOwner(this.#claims[part].get(name));
  }

  any(part: RecordPart, name: string): Contribution | undefined {
    for (const owner of this.owners(part, name)) return owner;
    return undefined;
  }

  /** The owner that keeps the name. */
  first(part: RecordPart, name: string): Contribution | undefined {
    let first: Contribution | undefined;
    for (const owner of this.owners(part, name)) if (first === undefined || inOrder(owner, first) < 0) first = owner;
    return first;
  }

  *contested(): Iterable<PartName> {
    for (const part of recordParts) for (const name of this.#contested[part]) yield { part, name };
  }

  /** Exchanges contributions. */
  update(gone: Iterable<Contribution>, come: Iterable<Contribution>): void {
    for (const contribution of gone) this.#remove(contribution);
    for (const { part, name } of this.contested()) this.#settle(part, name);
    for (const contribution of come) this.#add(contribution);
  }

  #add(contribution: Contribution): void {
    for (const part of recordParts) {
      const claims = this.#claims[part];
      for (const [name, value] of Object.entries(contribution.table[part])) {
        const owners = claims.get(name);
        // All owners of a name that is not contested hold the same, so one stands for all.
        const other = this.any(part, name)?.table[part][name];
        if (other !== undefined && !isEqual(other, value)) this.#contested[part].add(name);
        else if (other !== undefined) share(contribution, part, name, other);
        const more = addOwner(owners, contribution);
        if (more !== owners) claims.set(name, more);
      }
    }
  }

  #remove(contribution: Contribution): void {
    for (const part of recordParts) {
      const claims = this.#claims[part];
      for (const name of Object.keys(contribution.table[part])) {
        const owners = claims.get(name);
        const fewer = removeOwner(owners, contribution);
        if (fewer === undefined) claims.delete(name);
        else if (fewer !== owners) claims.set(name, fewer);
      }
    }
  }

  #settle(part: RecordPart, name: string): void {
    let first: Contribution | undefined;
    for (const owner of this.owners(part, name)) {
      first ??= owner;
      if (!isEqual(first.table[part][name], owner.table[part][name])) return;
    }
    this.#contested[part].delete(name);
  }
}

/** Each fragment has made its own: a thousand routes that use one middleware shall not hold a thousand of it. */
function share({ table }: Contribution, part: RecordPart, name: string, value: unknown): void {
  Object.defineProperty(table[part], name, { value });
}
