import { compileSessionLine, isTold, readSessionToken, type SessionLine } from "../cookie/session-token.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { StickyCookie, Weighted } from "../table/service.ts";

/** The child that a client's session is with. */
interface StuckTo {
  child: number;
  /** Whether the client has an older form of its value, to be written anew. */
  legacy: boolean;
  /** Milliseconds since 1970; undefined where no time is kept. */
  begunMs: number | undefined;
}

/** A weighted service's sessions: who a client belongs to, and what to tell it of that. */
export interface StickySession {
  find(exchange: Exchange): StuckTo | undefined;
  /** The line for an answer of a child; undefined when the client knows what it has to know. */
  line(child: number, stuckTo: StuckTo | undefined): SessionLine | undefined;
}

/** @param now milliseconds since 1970 */
export function createStickySession(
  sticky: StickyCookie,
  children: Weighted["children"],
  now: () => number,
): StickySession {
  const values = children.map((child) => child.cookieValue ?? child.service);
  const byValue = new Map<string, { child: number; legacy: boolean }>();
  children.forEach(({ legacyCookieValues = [] }, child) => {
    for (const value of legacyCookieValues) byValue.set(value, { child, legacy: true });
  });
  values.forEach((value, child) => {
    byValue.set(value, { child, legacy: false });
  });
  const lineOf = compileSessionLine(sticky);
  const isToldAlways = isTold(sticky);

  return {
    find({ headers }) {
      const token = readSessionToken(sticky, (name) => headers.get(name), now());
      const known = token && byValue.get(token.value);
      return known && { child: known.child, legacy: known.legacy || token.isUntimed, begunMs: token.begunMs };
    },
    line(child, stuckTo) {
      const value = values[child];
      const isKept = stuckTo?.child === child;
      if (value === undefined || (isKept && !stuckTo.legacy && !isToldAlways)) return undefined;
      return lineOf(value, now(), isKept ? stuckTo.begunMs : undefined);
    },
  };
}
