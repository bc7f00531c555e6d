/** Nearly everything has one owner, and a set for one takes more room than what it is about. */
export type Owners<T> = T | Set<T>;

/** `owners` with one more; the set, where there is one, is changed in place. */
export function addOwner<T extends object>(owners: Owners<T> | undefined, owner: T): Owners<T> {
  if (owners === undefined || owners === owner) return owner;
  return owners instanceof Set ? owners.add(owner) : new Set([owners, owner]);
}

/** `owners` without one of them, undefined when none is left; the set, where there is one, is changed in place. */
export function removeOwner<T extends object>(owners: Owners<T> | undefined, owner: T): Owners<T> | undefined {
  if (owners === owner) return undefined;
  if (!(owners instanceof Set)) return owners;
  owners.delete(owner);
  return owners.size === 0 ? undefined : owners;
}

export function eachOwner<T extends object>(owners: Owners<T> | undefined): Iterable<T> {
  if (owners === undefined) return [];
  return owners instanceof Set ? owners : [owners];
}
