import type { Wrap } from "./middleware.ts";

/** Puts middlewares in front of a handler, the first named outermost. */
export function wrapAll(names: readonly string[], lookUp: (name: string) => Wrap): Wrap {
  const wraps = names.map(lookUp);
  return (handler) => wraps.reduceRight((next, wrap) => wrap(next), handler);
}
