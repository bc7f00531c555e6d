import type { LookupAddress, LookupOptions } from "node:dns";
import type { LookupFunction } from "node:net";

type Answer = LookupAddress[] | NodeJS.ErrnoException;

export interface CachedLookupOptions {
  /** Asks the system for all addresses of a name. */
  resolve: (
    name: string,
    options: LookupOptions & { all: true },
    done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
  ) => void;
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
}

/** The system does not say how long an answer holds. */
const KEEP_MS = 5_000;
/** A name that is not there yet is soon asked for again. */
const KEEP_FAILURE_MS = 1_000;
const MAX_NAMES = 1_024;

interface Entry {
  answer: Answer | undefined;
  until: number;
  /** Those that wait for the answer. */
  waiting: ((answer: Answer) => void)[];
  /** How often it was handed out. */
  turn: number;
}

/**
 * Looks names up as `dns.lookup` does, each once in a while: the system answers few questions at a time, and whoever opens
 * connections or sessions makes it ask. Several addresses take turns, as they do where a name server is asked each time.
 */
export function createCachedLookup({ resolve, now }: CachedLookupOptions): LookupFunction {
  const entries = new Map<string, Entry>();

  const find = (name: string, { family = 0, hints = 0 }: LookupOptions): Entry => {
    const key = `${family} ${hints} ${name}`;
    const known = entries.get(key);
    if (known !== undefined && (known.answer === undefined || now() < known.until)) return known;
    const entry: Entry = { answer: undefined, until: 0, waiting: [], turn: known?.turn ?? 0 };
    entries.delete(key);
    for (const oldest of entries.keys()) {
      if (entries.size < MAX_NAMES) break;
      entries.delete(oldest);
    }
    entries.set(key, entry);
    resolve(name, { family, hints, all: true }, (error, addresses) => {
      const answer = error ?? addresses;
      entry.answer = answer;
      entry.until = now() + (error === null ? KEEP_MS : KEEP_FAILURE_MS);
      for (const tell of entry.waiting.splice(0)) tell(answer);
    });
    return entry;
  };

  return (name, given, done) => {
    // Sockets of UDP give the family by itself.
    const options: LookupOptions = typeof given === "number" ? { family: given } : given;
    const entry = find(name, options);
    const tell = (answer: Answer): void => {
      const addresses = Array.isArray(answer) ? inTurn(answer, entry.turn++) : [];
      const error = Array.isArray(answer) ? null : answer;
      const [first] = addresses;
      if (options.all || first === undefined) done(error, addresses);
      else done(error, first.address, first.family);
    };
    const { answer } = entry;
    if (answer === undefined) entry.waiting.push(tell);
    else process.nextTick(tell, answer);
  };
}

/** Another address first each time, of the family that came first. */
function inTurn(addresses: LookupAddress[], turn: number): LookupAddress[] {
  const [first] = addresses;
  const equal = addresses.filter(({ family }) => family === first?.family);
  if (equal.length < 2) return addresses;
  const at = turn % equal.length;
  return [...equal.slice(at), ...equal.slice(0, at), ...addresses.filter(({ family }) => family !== first?.family)];
}
