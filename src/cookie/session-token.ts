import type { StickyCookie } from "../table/service.ts";
import { cookieAttributes } from "./cookie-attributes.ts";
import { readCookie } from "./read-cookie.ts";

/** What a client shows to stay where it is. */
export interface SessionToken {
  /** Whom it stays with. */
  value: string;
  /** Milliseconds since 1970; undefined where no time is kept. */
  begunMs: number | undefined;
  /** Whether it does not say when it was used, and should. */
  isUntimed: boolean;
}

/** Behind the value: when the session began and when it was used last, in milliseconds since 1970 to the base of 36. */
const TIMED = /^(.*)\.([0-9a-z]{1,10})\.([0-9a-z]{1,10})$/s;

const isTimed = ({ absoluteTimeoutMs, idleTimeoutMs }: StickyCookie): boolean =>
  absoluteTimeoutMs !== undefined || idleTimeoutMs !== undefined;

/** Whether each answer tells of the session, not its first alone. */
export const isTold = ({ inHeader, idleTimeoutMs }: StickyCookie): boolean =>
  inHeader === true || idleTimeoutMs !== undefined;

/**
 * The session that a request goes on with. Who makes a token up gets no more by it than who asks often enough for the
 * service that it wants: tokens are not signed.
 *
 * @param header a header's value by its name
 * @param now milliseconds since 1970
 * @returns undefined when there is none, or its time is over
 */
export function readSessionToken(
  sticky: StickyCookie,
  header: (name: string) => string | null | undefined,
  now: number,
): SessionToken | undefined {
  const text = sticky.inHeader ? header(sticky.name) : readCookie(header("cookie") ?? null, sticky.name);
  if (text === null || text === undefined) return undefined;
  if (!isTimed(sticky)) return { value: text, begunMs: undefined, isUntimed: false };
  const [, value, begun = "", used = ""] = TIMED.exec(text) ?? [];
  if (value === undefined) return { value: text, begunMs: undefined, isUntimed: true };
  const { absoluteTimeoutMs = Number.POSITIVE_INFINITY, idleTimeoutMs = Number.POSITIVE_INFINITY } = sticky;
  // Of a clock that is ahead nobody lives longer.
  const begunMs = Math.min(Number.parseInt(begun, 36), now);
  const usedMs = Math.min(Number.parseInt(used, 36), now);
  const isOver = now - begunMs >= absoluteTimeoutMs || now - usedMs > idleTimeoutMs;
  return isOver ? undefined : { value, begunMs, isUntimed: false };
}

/** A header of an answer. */
export type SessionLine = readonly [name: string, value: string];

/**
 * What tells a client of its session.
 *
 * @returns by whom it stays with, now (milliseconds since 1970), and when it began unless that is now
 */
export function compileSessionLine(
  sticky: StickyCookie,
): (value: string, now: number, begunMs?: number) => SessionLine {
  const { name, inHeader, maxAge } = sticky;
  if (!isTimed(sticky)) {
    const attributes = cookieAttributes(sticky);
    return (value) => (inHeader ? [name, value] : ["set-cookie", `${name}=${value}${attributes}`]);
  }
  return (value, now, begunMs = now) => {
    const token = `${value}.${toBase36(begunMs)}.${toBase36(now)}`;
    if (inHeader) return [name, token];
    const age = maxAge > 0 ? secondsLeft(sticky, now - begunMs) : maxAge;
    return ["set-cookie", `${name}=${token}${cookieAttributes({ ...sticky, maxAge: age })}`];
  };
}

const toBase36 = (ms: number): string => Math.floor(ms).toString(36);

function secondsLeft({ absoluteTimeoutMs, idleTimeoutMs }: StickyCookie, passedMs: number): number {
  const { POSITIVE_INFINITY } = Number;
  const left = Math.min((absoluteTimeoutMs ?? POSITIVE_INFINITY) - passedMs, idleTimeoutMs ?? POSITIVE_INFINITY);
  return Math.max(1, Math.ceil(left / 1000));
}
