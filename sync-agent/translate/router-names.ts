import { PublishedEntries } from "./published-entries.ts";
import { suffixed } from "./suffixed.ts";
import { type Contribution, inOrder } from "./table-part.ts";

interface Named {
  readonly name: string;
}

interface Claim<T> {
  readonly owner: Contribution;
  readonly router: T;
}

/**
 * The routers of one part of the table. Where several have one name the first keeps it and others get a suffix; of one object's
 * routers with one name only two are kept, since they say the same.
 */
export class RouterNames<T extends Named> {
  readonly published = new PublishedEntries<T>();
  readonly #claims = new Map<string, Claim<T>[]>();
  readonly #open = new Set<string>();

  add(owner: Contribution, routers: readonly T[]): void {
    for (const router of routers) {
      const claims = this.#openName(router.name);
      const claim = { owner, router };
      if (claims.length > 0) claims.push(claim);
      else this.#claims.set(router.name, [claim]);
    }
  }

  remove(owner: Contribution, routers: readonly T[]): void {
    for (const { name } of routers) {
      const rest = this.#openName(name).filter((claim) => claim.owner !== owner);
      if (rest.length > 0) this.#claims.set(name, rest);
      else this.#claims.delete(name);
    }
  }

  /** @returns what has changed since the last call */
  settle(): { put: Record<string, T>; removed: string[] } {
    for (const name of this.#open) {
      for (const [given, router] of this.#named(name)) this.published.hold(given, router);
    }
    this.#open.clear();
    return this.published.settle();
  }

  #openName(name: string): Claim<T>[] {
    if (!this.#open.has(name)) {
      this.#open.add(name);
      for (const given of this.#named(name).keys()) this.published.release(given);
    }
    return this.#claims.get(name) ?? [];
  }

  /** The routers that claim a name, by the names that they are given. */
  #named(name: string): Map<string, T> {
    const claims = this.#claims.get(name) ?? [];
    const given = new Map<string, T>();
    // Stable, so that the routers of one object stay in their order.
    for (const { owner, router } of claims.length > 1 ? claims.toSorted((a, b) => inOrder(a.owner, b.owner)) : claims) {
      const free = given.has(name) ? suffixed(name, owner.object) : name;
      if (!given.has(free)) given.set(free, free === name ? router : { ...router, name: free });
    }
    return given;
  }
}
