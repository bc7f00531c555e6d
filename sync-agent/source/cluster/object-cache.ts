import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../../translate/problem.ts";
import type { KubernetesObject } from "../kubernetes-object.ts";
import { type Item, readItem, readNames } from "./read-item.ts";
import type { Resource } from "./resource.ts";
import { isOlder } from "./resource-version.ts";

/** One object that came, changed or (`now` undefined) went. */
export interface CacheChange {
  old: KubernetesObject | undefined;
  now: KubernetesObject | undefined;
}

/** A list that is being read. Nothing changes until it is complete. */
export interface Listing {
  add(value: unknown): void;
  /** Makes the list the cache's whole content: what is not in it is gone. */
  complete(): CacheChange[];
}

/** What one resource holds, in all namespaces or in one, as the server said it last. */
export class ObjectCache {
  private items = new Map<string, Item>();
  private wrong = new Map<string, Problem>();
  /** Grows when `problems` changes. */
  problemsRevision = 0;

  get size(): number {
    return this.items.size;
  }

  get(key: string): KubernetesObject | undefined {
    return this.items.get(key)?.object;
  }

  keys(): Iterable<string> {
    return this.items.keys();
  }

  /** Of objects that are none, or are too large. */
  problems(): Iterable<Problem> {
    return this.wrong.values();
  }

  beginListing(resource: Resource): Listing {
    const items = new Map<string, Item>();
    const wrong = new Map<string, Problem>();
    return {
      add: (value) => {
        const read = readItem(value, resource);
        if ("problem" in read) {
          wrong.set(problemKey(read.problem), read.problem);
          return;
        }
        const key = objectKey(read.object);
        const known = this.items.get(key);
        items.set(key, known === undefined ? read : keepIdentity(known, read));
      },
      complete: () => {
        const old = this.items;
        this.items = items;
        this.exchangeProblems(wrong);
        return [...differences(old, items)];
      },
    };
  }

  /** An ADDED or MODIFIED event. Undefined when it changes nothing, or is older than what is known. */
  put(value: unknown, resource: Resource): CacheChange | undefined {
    const read = readItem(value, resource);
    if ("problem" in read) {
      const { namespace, name } = read.problem.object;
      this.wrong.set(problemKey(read.problem), read.problem);
      this.problemsRevision += 1;
      return name === "" ? undefined : this.drop(`${namespace}\0${name}`);
    }
    const key = objectKey(read.object);
    const known = this.items.get(key);
    if (known !== undefined && isOlder(read.resourceVersion, known.resourceVersion)) return undefined;
    this.forgetProblem(key);
    const item = known === undefined ? read : keepIdentity(known, read);
    this.items.set(key, item);
    return item.object === known?.object ? undefined : { old: known?.object, now: item.object };
  }

  /** A DELETED event. */
  remove(value: unknown, resourceVersion: string): CacheChange | undefined {
    const names = readNames(value);
    if (names === undefined) return undefined;
    const key = `${names.namespace}\0${names.name}`;
    const known = this.items.get(key);
    if (known !== undefined && isOlder(resourceVersion, known.resourceVersion)) return undefined;
    this.forgetProblem(key);
    return this.drop(key);
  }

  clear(): CacheChange[] {
    const old = this.items;
    this.items = new Map();
    this.exchangeProblems(new Map());
    return [...differences(old, this.items)];
  }

  private exchangeProblems(wrong: Map<string, Problem>): void {
    if (this.wrong.size + wrong.size > 0) this.problemsRevision += 1;
    this.wrong = wrong;
  }

  private forgetProblem(key: string): void {
    if (this.wrong.delete(key)) this.problemsRevision += 1;
  }

  private drop(key: string): CacheChange | undefined {
    const old = this.items.get(key)?.object;
    this.items.delete(key);
    return old === undefined ? undefined : { old, now: undefined };
  }
}

/** Objects are told apart by identity: one whose content is the same stays, so that nothing is translated again. */
const keepIdentity = (known: Item, read: Item): Item =>
  isDeepStrictEqual(known.object, read.object) ? { ...read, object: known.object } : read;

function* differences(old: ReadonlyMap<string, Item>, now: ReadonlyMap<string, Item>): Generator<CacheChange> {
  for (const [key, { object }] of old) if (!now.has(key)) yield { old: object, now: undefined };
  for (const [key, { object }] of now) {
    const before = old.get(key)?.object;
    if (before !== object) yield { old: before, now: object };
  }
}

/** Names hold no NUL, so that no two pairs share a key. */
export const objectKey = ({ metadata: { namespace = "", name } }: KubernetesObject): string => `${namespace}\0${name}`;

const problemKey = ({ object: { namespace, name } }: Problem): string => `${namespace}\0${name}`;
