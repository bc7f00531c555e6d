/** How often things have happened in this isolate, by what and whom. */
export interface Counters {
  count(event: string, subject: string): void;
  /** The counts so far: `{ "mirror-cut": { "default-app": 3 } }`. */
  read(): Record<string, Record<string, number>>;
}

/** Subjects counted by name for one event; the rest share one name, so that a table of any size costs the same. */
const MAX_SUBJECTS = 1_000;
const OTHERS = "(others)";

export function createCounters(): Counters {
  const counts = new Map<string, Map<string, number>>();
  return {
    count(event, subject) {
      let bySubject = counts.get(event);
      if (bySubject === undefined) {
        bySubject = new Map();
        counts.set(event, bySubject);
      }
      const name = bySubject.has(subject) || bySubject.size < MAX_SUBJECTS ? subject : OTHERS;
      bySubject.set(name, (bySubject.get(name) ?? 0) + 1);
    },
    read: () => Object.fromEntries([...counts].map(([event, bySubject]) => [event, Object.fromEntries(bySubject)])),
  };
}
