import type { MatchesRequest } from "../rule/compile-rule.ts";
import type { RequestFacts } from "../rule/request-facts.ts";
import type { RuleKey } from "../rule/rule-keys.ts";
import { compareRouters, type RouterOrder } from "./compare-routers.ts";

/** One router, ready to be tested. */
export interface Candidate<T> extends RouterOrder {
  readonly matches: MatchesRequest;
  readonly value: T;
}

/**
 * The routers of one host key by the path literal that they need. `nodes` are the distinct literals in order; what
 * needs none is `unindexed`. All lists are sorted, the winner first.
 */
export interface PathIndex<T> {
  readonly nodes: readonly PathNode<T>[];
  /** Many literals of few lengths: a look for each length costs less than a search that waits for memory at each step. */
  readonly byLength: LiteralsByLength<T> | undefined;
  readonly unindexed: readonly Candidate<T>[];
}

interface LiteralsByLength<T> {
  /** The longest first. */
  readonly lengths: readonly number[];
  readonly nodes: ReadonlyMap<string, PathNode<T>>;
}

/** Up to so many literals are in the processor's cache after a few requests. */
const FEW_LITERALS = 16;
const MAX_LENGTHS = 16;

interface PathNode<T> {
  readonly literal: string;
  /** For the literal's own path. */
  readonly exact: Candidate<T>[];
  /** For every path that begins with the literal. */
  readonly prefix: Candidate<T>[];
  /** The longest other literal that this one begins with. */
  parent: PathNode<T> | undefined;
  /** The winner among the prefixes of this node and of all above it, matching or not. */
  bestPrefix: Candidate<T> | undefined;
}

export interface PathEntry<T> {
  readonly path: RuleKey["path"];
  readonly candidate: Candidate<T>;
}

export function buildPathIndex<T>(entries: readonly PathEntry<T>[]): PathIndex<T> {
  const nodes = new Map<string, PathNode<T>>();
  const unindexed: Candidate<T>[] = [];
  for (const { path, candidate } of entries) {
    if (path === undefined) {
      unindexed.push(candidate);
      continue;
    }
    const node = nodes.get(path.value) ?? createNode<T>(path.value);
    nodes.set(path.value, node);
    node[path.kind].push(candidate);
  }
  const sorted = [...nodes.values()].sort((a, b) => (a.literal < b.literal ? -1 : 1));
  link(sorted);
  return { nodes: sorted, byLength: byLengthOf(nodes), unindexed: unindexed.sort(compareRouters) };
}

function byLengthOf<T>(nodes: ReadonlyMap<string, PathNode<T>>): LiteralsByLength<T> | undefined {
  if (nodes.size <= FEW_LITERALS) return undefined;
  const lengths = new Set<number>();
  for (const literal of nodes.keys()) {
    lengths.add(literal.length);
    if (lengths.size > MAX_LENGTHS) return undefined;
  }
  return { lengths: [...lengths].sort((a, b) => b - a), nodes };
}

const createNode = <T>(literal: string): PathNode<T> => ({
  literal,
  exact: [],
  prefix: [],
  parent: undefined,
  bestPrefix: undefined,
});

/** In order, a literal's prefixes stand before it, so the one before it and those above that hold its parent. */
function link<T>(sorted: readonly PathNode<T>[]): void {
  let previous: PathNode<T> | undefined;
  for (const node of sorted) {
    let parent = previous;
    while (parent !== undefined && !node.literal.startsWith(parent.literal)) parent = parent.parent;
    node.parent = parent;
    node.exact.sort(compareRouters);
    node.prefix.sort(compareRouters);
    node.bestPrefix = better(node.prefix[0], parent?.bestPrefix);
    previous = node;
  }
}

/** The winner among `best` and the index's routers that match. Routers that cannot win are not tested. */
export function findInPathIndex<T>(
  index: PathIndex<T>,
  facts: RequestFacts,
  best: Candidate<T> | undefined,
): Candidate<T> | undefined {
  let winner = best;
  let node = index.byLength
    ? longestPrefixByLength(index.byLength, facts.path)
    : longestPrefixInOrder(index.nodes, facts.path);
  if (node !== undefined && node.literal.length === facts.path.length) winner = firstMatch(node.exact, facts, winner);
  while (node !== undefined && beats(node.bestPrefix, winner)) {
    winner = firstMatch(node.prefix, facts, winner);
    node = node.parent;
  }
  return firstMatch(index.unindexed, facts, winner);
}

function firstMatch<T>(
  sorted: readonly Candidate<T>[],
  facts: RequestFacts,
  winner: Candidate<T> | undefined,
): Candidate<T> | undefined {
  for (const candidate of sorted) {
    if (!beats(candidate, winner)) return winner;
    if (candidate.matches(facts)) return candidate;
  }
  return winner;
}

function longestPrefixByLength<T>({ lengths, nodes }: LiteralsByLength<T>, path: string): PathNode<T> | undefined {
  for (const length of lengths) {
    if (length > path.length) continue;
    const node = nodes.get(path.slice(0, length));
    if (node !== undefined) return node;
  }
  return undefined;
}

/** The last literal that is not above the path begins with the path's longest literal, or is it. */
function longestPrefixInOrder<T>(nodes: readonly PathNode<T>[], path: string): PathNode<T> | undefined {
  let low = 0;
  let high = nodes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const node = nodes[middle];
    if (node !== undefined && node.literal <= path) low = middle + 1;
    else high = middle;
  }
  // An index below 0 is no element to the engine but a name, which it looks for everywhere.
  let node = low === 0 ? undefined : nodes[low - 1];
  if (node === undefined) return undefined;
  const shared = sharedLength(node.literal, path);
  while (node !== undefined && node.literal.length > shared) node = node.parent;
  return node;
}

function sharedLength(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let length = 0;
  while (length < end && a.charCodeAt(length) === b.charCodeAt(length)) length += 1;
  return length;
}

function beats(a: RouterOrder | undefined, b: RouterOrder | undefined): boolean {
  return a !== undefined && (b === undefined || compareRouters(a, b) < 0);
}

const better = <T>(a: Candidate<T> | undefined, b: Candidate<T> | undefined): Candidate<T> | undefined =>
  beats(a, b) ? a : b;
