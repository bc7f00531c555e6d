import { createHash } from "node:crypto";
import { compileSessionLine, isTold, readSessionToken, type SessionLine } from "../../src/cookie/session-token.ts";
import type { LoadBalancer } from "../../src/table/service.ts";
import type { Target, TargetSet } from "./target.ts";

/** The target that a client's session is with. */
export interface Session {
  target: Target;
  /** Whether the client has an older form of its value, to be written anew. */
  isLegacy: boolean;
  /** Milliseconds since 1970; undefined where no time is kept. */
  begunMs: number | undefined;
}

type KnownSession = Omit<Session, "begunMs">;

/** Cookie values of one set of targets under one scheme: hashing costs more than the rest of a choice. */
interface Values {
  byTarget: ReadonlyMap<Target, string>;
  sessions: ReadonlyMap<string, KnownSession>;
}

const known = new WeakMap<TargetSet, Map<LoadBalancer["scheme"], Values>>();

/**
 * The target that a client's cookie or header names, by Traefik's value or by the plain URL that older versions wrote. A
 * terminating endpoint keeps the sessions it has.
 *
 * @param header a header's value by its name
 * @param now milliseconds since 1970
 * @returns undefined when the service is not sticky, and when the session is over or with nobody who is there
 */
export function findSession(
  { sticky, scheme }: LoadBalancer,
  targets: TargetSet,
  header: (name: string) => string | null | undefined,
  now: number,
): Session | undefined {
  const token = sticky && readSessionToken(sticky, header, now);
  const known = token && valuesOf(targets, scheme).sessions.get(token.value);
  return known && { target: known.target, isLegacy: known.isLegacy || token.isUntimed, begunMs: token.begunMs };
}

/**
 * What an answer of a target tells its client of the session.
 *
 * @param session what the client came with
 * @param now milliseconds since 1970
 * @returns undefined when the service is not sticky, and when the client knows what it has to know
 */
export function sessionLine(
  { sticky, scheme }: LoadBalancer,
  targets: TargetSet,
  target: Target,
  session: Session | undefined,
  now: number,
): SessionLine | undefined {
  if (sticky === undefined) return undefined;
  const isKept = session?.target === target;
  if (isKept && !session.isLegacy && !isTold(sticky)) return undefined;
  // The Service's own address leads to any Pod: a session with it would be none.
  const value = valuesOf(targets, scheme).byTarget.get(target);
  return value === undefined ? undefined : compileSessionLine(sticky)(value, now, isKept ? session.begunMs : undefined);
}

function valuesOf(targets: TargetSet, scheme: LoadBalancer["scheme"]): Values {
  let byScheme = known.get(targets);
  if (byScheme === undefined) {
    byScheme = new Map();
    known.set(targets, byScheme);
  }
  let values = byScheme.get(scheme);
  if (values === undefined) {
    values = createValues(targets.all, scheme);
    byScheme.set(scheme, values);
  }
  return values;
}

/** Traefik's value for a server: the first 16 hex digits of the SHA-256 of its URL. */
function createValues(all: readonly Target[], scheme: string): Values {
  const byTarget = new Map<Target, string>();
  const sessions = new Map<string, KnownSession>();
  for (const target of all) {
    const url = `${scheme}://${target.authority}`;
    const value = createHash("sha256").update(url).digest("hex").slice(0, 16);
    byTarget.set(target, value);
    sessions.set(value, { target, isLegacy: false });
    sessions.set(url, { target, isLegacy: true });
  }
  return { byTarget, sessions };
}
