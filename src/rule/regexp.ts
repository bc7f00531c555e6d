import { RE2JS, RE2JSException } from "re2js";
import { toNativeRegexp } from "./native-regexp.ts";

/** A compiled regular expression; `test` finds it anywhere in the text unless it is anchored. */
export interface Regexp {
  test(text: string): boolean;
}

export type CompileRegexp = (pattern: string) => Regexp;

/** A pattern that is not RE2's. The message says why, without the pattern. */
export class RegexpError extends Error {
  override readonly name = "RegexpError";
  readonly pattern: string;

  constructor(pattern: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.pattern = pattern;
  }
}

/** Patterns kept compiled: rules of many leaves share them. */
const CACHED_PATTERNS = 1000;
const cache = new Map<string, Regexp>();

/**
 * Compiles RE2 syntax (https://github.com/google/re2/wiki/Syntax) to a matcher that takes time linear in the text.
 * Throws `RegexpError`.
 */
export function compileRegexp(pattern: string): Regexp {
  const cached = cache.get(pattern);
  if (cached !== undefined) return cached;
  const compiled = compile(pattern);
  if (cache.size >= CACHED_PATTERNS) {
    const [oldest] = cache.keys();
    if (oldest !== undefined) cache.delete(oldest);
  }
  cache.set(pattern, compiled);
  return compiled;
}

const compile = (pattern: string): Regexp => toNativeRegexp(pattern) ?? compileRe2(pattern);

/**
 * The RE2 program of a pattern, for what needs the matches and their groups. Slower than `compileRegexp`, and not
 * cached. Throws `RegexpError`.
 */
export function compileRe2(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace(/^error parsing regexp: /, "");
    throw new RegexpError(pattern, reason, { cause: error });
  }
}
