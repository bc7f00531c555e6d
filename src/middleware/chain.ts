import type { MiddlewareFactory, Wrap } from "./middleware.ts";
import { invalid } from "./middleware-error.ts";
import { wrapAll } from "./wrap-all.ts";

/** Chains of chains double with each level; a route with more steps than this was not meant. */
const MOST_STEPS = 1000;
const stepsOf = new WeakMap<Wrap, number>();

/** Several middlewares under one name; the first meets the request first. */
export const chain: MiddlewareFactory<"chain"> = {
  type: "chain",
  build({ middlewares }, context) {
    const wraps = middlewares.map((name) => context.middleware(name));
    const steps = wraps.reduce((sum, wrap) => sum + (stepsOf.get(wrap) ?? 1), 0);
    if (steps > MOST_STEPS) throw invalid(`The chain has ${steps} steps, more than ${MOST_STEPS}`);
    const all = wrapAll(middlewares, context.middleware);
    stepsOf.set(all, steps);
    return all;
  },
};
