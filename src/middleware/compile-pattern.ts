import type { RE2JS } from "re2js";
import { compileRe2, compileRegexp, type Regexp, RegexpError } from "../rule/regexp.ts";
import { invalid } from "./middleware-error.ts";

/** A test for a pattern of the options. Throws `MiddlewareError` for what is not RE2. */
export const compileTest = (pattern: string): Regexp => orInvalid(pattern, compileRegexp);

/** A pattern of the options, for its matches. Throws `MiddlewareError` for what is not RE2. */
export const compileSearch = (pattern: string): RE2JS => orInvalid(pattern, compileRe2);

function orInvalid<T>(pattern: string, compile: (pattern: string) => T): T {
  try {
    return compile(pattern);
  } catch (cause) {
    if (!(cause instanceof RegexpError)) throw cause;
    throw invalid(`The regular expression ${pattern} is not valid: ${cause.message}`, { cause });
  }
}
