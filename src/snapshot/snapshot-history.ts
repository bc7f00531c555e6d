import type { Pointer } from "../table/snapshot.ts";
import type { RootIndex } from "./find-buckets.ts";
import { fnv1a32 } from "./fnv1a32.ts";

export interface Snapshot {
  readonly pointer: Pointer;
  readonly index: RootIndex;
  /** Characters of the root's text. */
  readonly rootSize: number;
}

/** @returns whether `a` was accepted after `b`: a later leader's first, then by generation */
export function isNewer(a: Pointer, b: Pointer): boolean {
  return a.epoch !== b.epoch ? a.epoch > b.epoch : a.generation > b.generation;
}

/**
 * The snapshots that an isolate keeps, newest first, and from which of them it last answered each host, so that for
 * one host time never runs backwards. Both are bounded: beyond `maxSnapshots` the one between the newest and the
 * oldest that fewest hosts were last answered from is dropped (the oldest is the last good one of hosts that were
 * not asked for since); beyond `maxFloors` hosts the oldest ones are dropped rather than a host forgotten.
 */
export class SnapshotHistory {
  readonly #maxSnapshots: number;
  readonly #maxFloors: number;
  #snapshots: readonly Snapshot[] = [];
  /**
   * By the hash of the host: a client chooses hosts, and a string may hold a whole URL in memory. Hosts of equal hash
   * share a floor, which only makes it higher.
   */
  readonly #floors = new Map<number, Pointer>();

  constructor({ maxSnapshots = 4, maxFloors = 4096 } = {}) {
    this.#maxSnapshots = maxSnapshots;
    this.#maxFloors = maxFloors;
  }

  get newest(): Snapshot | undefined {
    return this.#snapshots[0];
  }

  get snapshots(): readonly Snapshot[] {
    return this.#snapshots;
  }

  get floors(): number {
    return this.#floors.size;
  }

  /** Takes a snapshot that is newer than all others; an older one is ignored. */
  add(snapshot: Snapshot): boolean {
    const newest = this.newest;
    if (newest !== undefined && !isNewer(snapshot.pointer, newest.pointer)) return false;
    this.#snapshots = [snapshot, ...this.#snapshots];
    if (this.#snapshots.length > this.#maxSnapshots) this.#drop(this.#leastNeeded());
    return true;
  }

  /** @returns the snapshots from which a host may be answered, newest first */
  allowedFor(host: string): readonly Snapshot[] {
    const floor = this.#floors.get(fnv1a32(host));
    return floor === undefined
      ? this.#snapshots
      : this.#snapshots.filter(({ pointer }) => pointer === floor || isNewer(pointer, floor));
  }

  /** Records that a host was answered from a snapshot. */
  answered(host: string, snapshot: Snapshot): void {
    // From the oldest kept there is no way back.
    if (this.#snapshots.length < 2 || snapshot === this.#snapshots.at(-1)) return;
    const key = fnv1a32(host);
    const floor = this.#floors.get(key);
    if (floor !== undefined && !isNewer(snapshot.pointer, floor)) return;
    this.#floors.set(key, snapshot.pointer);
    while (this.#floors.size > this.#maxFloors && this.#snapshots.length > 1) this.#drop(this.#snapshots.length - 1);
  }

  /** Keeps only the newest, if it still is `snapshot`. */
  dropOlderThan(snapshot: Snapshot): void {
    if (this.newest !== snapshot) return;
    this.#snapshots = [snapshot];
    this.#floors.clear();
  }

  #drop(position: number): void {
    this.#snapshots = this.#snapshots.filter((_, index) => index !== position);
    const oldest = this.#snapshots.at(-1);
    for (const [key, floor] of this.#floors) {
      if (oldest === undefined || !isNewer(floor, oldest.pointer)) this.#floors.delete(key);
    }
  }

  /** The position of the snapshot to drop: of the newer ones between both ends if hosts' counts are equal. */
  #leastNeeded(): number {
    const hosts = new Map<Pointer, number>();
    for (const floor of this.#floors.values()) hosts.set(floor, (hosts.get(floor) ?? 0) + 1);
    let least = this.#snapshots.length - 1;
    let leastHosts = Number.POSITIVE_INFINITY;
    for (const [position, { pointer }] of this.#snapshots.entries()) {
      const count = hosts.get(pointer) ?? 0;
      if (position === 0 || position === this.#snapshots.length - 1 || count >= leastHosts) continue;
      least = position;
      leastHosts = count;
    }
    return least;
  }
}
