import { createHash } from "node:crypto";
import { cookieAttributes } from "../../src/cookie/cookie-attributes.ts";
import { readCookie } from "../../src/cookie/read-cookie.ts";
import type { LoadBalancer } from "../../src/table/service.ts";
import type { Target, TargetSet } from "./target.ts";

/** The target that a client's cookie names. */
export interface Session {
  target: Target;
  /** Whether the cookie holds an older form of the value, to be written anew. */
  isLegacy: boolean;
}

/** Cookie values of one set of targets under one scheme: hashing costs more than the rest of a choice. */
interface Values {
  byTarget: ReadonlyMap<Target, string>;
  sessions: ReadonlyMap<string, Session>;
}

const known = new WeakMap<TargetSet, Map<LoadBalancer["scheme"], Values>>();

/**
 * The target that a client's cookie names, by Traefik's value or by the plain URL that older versions wrote. A
 * terminating endpoint keeps the sessions it has.
 *
 * @returns undefined when the service is not sticky, and when the cookie names nobody who is there
 */
export function findSession(
  { sticky, scheme }: LoadBalancer,
  targets: TargetSet,
  cookieHeader: string | undefined,
): Session | undefined {
  if (sticky === undefined || cookieHeader === undefined) return undefined;
  const value = readCookie(cookieHeader, sticky.name);
  return value === undefined ? undefined : valuesOf(targets, scheme).sessions.get(value);
}

/** The Set-Cookie value that begins a session with a target; undefined when the service is not sticky. */
export function sessionCookie({ sticky, scheme }: LoadBalancer, targets: TargetSet, target: Target) {
  if (sticky === undefined) return undefined;
  // The Service's own address leads to any Pod: a session with it would be none.
  const value = valuesOf(targets, scheme).byTarget.get(target);
  return value === undefined ? undefined : `${sticky.name}=${value}${cookieAttributes(sticky)}`;
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
  const sessions = new Map<string, Session>();
  for (const target of all) {
    const url = `${scheme}://${target.authority}`;
    const value = createHash("sha256").update(url).digest("hex").slice(0, 16);
    byTarget.set(target, value);
    sessions.set(value, { target, isLegacy: false });
    sessions.set(url, { target, isLegacy: true });
  }
  return { byTarget, sessions };
}
