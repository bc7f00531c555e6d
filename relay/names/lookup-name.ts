import { lookup } from "node:dns";
import { createCachedLookup } from "./cached-lookup.ts";

/** Looks up the names of ExternalName services, for all that the relay connects to. */
export const lookupName = createCachedLookup({
  resolve: (name, options, done) => lookup(name, options, done),
  now: () => performance.now(),
});
