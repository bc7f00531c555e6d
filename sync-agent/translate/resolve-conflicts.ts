import { isEqual } from "../../src/table/is-equal.ts";
import type { PartName } from "./name-claims.ts";
import { suffixed } from "./suffixed.ts";
import {
  type Contribution,
  emptyPart,
  inOrder,
  perRecordPart,
  type RecordPart,
  recordParts,
  routerParts,
  type TablePart,
} from "./table-part.ts";
import { mapEntry } from "./table-references.ts";

type Laid = Record<RecordPart, Map<string, unknown>>;

/**
 * What contributions become that hold different things under one name (`a-b`/`c` and `a`/`b-c` make the same name):
 * the first keeps it and the other's gets a suffix, so that nobody's requests reach what belongs to another.
 *
 * @param tangled the contributions with a name in a conflict
 * @param ownersOf who else holds a name: a renamed child changes the services around it, which others may have too
 * @returns those that were resolved, with their tables; all others are as they were
 */
export function resolveConflicts(
  tangled: Iterable<Contribution>,
  ownersOf: (name: PartName) => Iterable<Contribution>,
): Map<Contribution, TablePart> {
  const all = new Set(tangled);
  for (;;) {
    const resolved = new Map<Contribution, TablePart>();
    const laid: Laid = perRecordPart(() => new Map());
    const before = all.size;
    for (const contribution of [...all].sort(inOrder)) {
      const table = withoutConflicts(contribution, laid);
      resolved.set(contribution, table);
      for (const part of recordParts)
        for (const [name, value] of Object.entries(table[part])) laid[part].set(name, value);
      for (const changed of changedNames(contribution.table, table)) {
        for (const owner of ownersOf(changed)) all.add(owner);
      }
    }
    if (all.size === before) return resolved;
  }
}

function withoutConflicts({ table, object }: Contribution, laid: Laid): TablePart {
  // A renamed child changes the services around it, which may then be in conflict themselves.
  for (let current = table; ; ) {
    const renamed = conflictsOf(current, laid);
    if (renamed.size === 0) return current;
    current = renameAll(current, (part, name) => (renamed.has(`${part} ${name}`) ? suffixed(name, object) : name));
  }
}

function conflictsOf(table: TablePart, laid: Laid): Set<string> {
  const conflicts = new Set<string>();
  for (const part of recordParts) {
    for (const [name, value] of Object.entries(table[part])) {
      const other = laid[part].get(name);
      if (other !== undefined && !isEqual(other, value)) conflicts.add(`${part} ${name}`);
    }
  }
  return conflicts;
}

function renameAll(table: TablePart, rename: (part: RecordPart, name: string) => string): TablePart {
  const renamed = emptyPart();
  const map = (part: keyof TablePart, entry: unknown): never => mapEntry[part](entry as never, rename) as never;
  for (const part of routerParts) for (const router of table[part]) renamed[part].push(map(part, router));
  for (const part of recordParts) {
    for (const [name, value] of Object.entries(table[part])) renamed[part][rename(part, name)] = map(part, value);
  }
  return renamed;
}

/** The names of a table under which it no longer holds what it held. */
function* changedNames(before: TablePart, after: TablePart): Iterable<PartName> {
  if (before === after) return;
  for (const part of recordParts) {
    for (const [name, value] of Object.entries(before[part])) {
      if (!Object.hasOwn(after[part], name) || !isEqual(value, after[part][name])) yield { part, name };
    }
  }
}
