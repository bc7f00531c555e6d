import type { ObjectNames } from "./read-item.ts";

/** What one list and one watch cover: one object, or (`name` undefined) a namespace, or all of them. */
export interface ScopeNames {
  namespace: string | undefined;
  name: string | undefined;
}

/** A watch is a connection: for more objects than this all of the kind are followed instead. */
export const MOST_SINGLE_SCOPES = 100;

/**
 * What is followed of a kind of which only the `wanted` objects are needed: each by itself, as long as they are few. Whoever
 * has begun to follow all goes on so until none is wanted, and what is followed by itself stays so: nothing that is known
 * is forgotten for having to be read in another way.
 *
 * @param all the scopes that cover every object
 */
export function planScopes(
  current: readonly ScopeNames[],
  wanted: readonly ObjectNames[],
  all: readonly (string | undefined)[],
): readonly ScopeNames[] {
  if (wanted.length === 0) return [];
  const hasAll = current.some(({ name }) => name === undefined);
  if (!hasAll && wanted.length <= MOST_SINGLE_SCOPES) return wanted.map(({ namespace, name }) => ({ namespace, name }));
  const needed = new Set(wanted.map(({ namespace, name }) => `${namespace}\0${name}`));
  const kept = current.filter(({ namespace, name }) => name !== undefined && needed.has(`${namespace}\0${name}`));
  return [...all.map((namespace) => ({ namespace, name: undefined })), ...kept];
}
