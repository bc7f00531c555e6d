import * as z from "zod/mini";
import { entryPointSchema } from "./entry-point.ts";
import { middlewareSchema } from "./middleware.ts";
import { routerSchema } from "./router.ts";
import { endpointsSchema, serviceSchema } from "./service.ts";

/**
 * The snapshot tree in KV. Keys are `leaf/<hash>` and `root/<hash>`; both are immutable and named by their content.
 * The only mutable thing is the pointer, which the beacon holds.
 */
export const pointerSchema = z.strictObject({
  /** The publisher's name (a cluster). */
  publisher: z.string(),
  /** Grows with each change of leader; a writer of an older epoch is refused. */
  epoch: z.number(),
  /** Grows by every accepted change, rollbacks included. */
  generation: z.number(),
  /** Hash of the root in KV. */
  root: z.string(),
});
export type Pointer = z.infer<typeof pointerSchema>;

/**
 * Routers of a bucket with all that they refer to except endpoints. A bucket is a list of leaves (usually one,
 * none when empty), so that no leaf passes 128 KiB.
 */
export const routeLeafSchema = z.strictObject({
  routers: z.array(routerSchema),
  services: z.record(z.string(), serviceSchema),
  middlewares: z.record(z.string(), middlewareSchema),
});
export type RouteLeaf = z.infer<typeof routeLeafSchema>;

export const endpointLeafSchema = z.strictObject({ endpoints: z.record(z.string(), endpointsSchema) });

/** The hashes of a bucket's leaves, joined without a separator (each `HASH_LENGTH` characters). */
const bucket = z.string();

/**
 * Many buckets, looked at without a schema for each: a cold isolate reads hundreds before it answers its first request.
 */
const buckets = z.custom<string[]>(
  (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
  "not a list of strings",
);

export const rootSchema = z.strictObject({
  version: z.number(),
  publisher: z.string(),
  /** Hash of the root that this one was planned from. */
  predecessor: z.optional(z.string()),
  entryPoints: z.record(z.string(), entryPointSchema),
  /** Routers by host key (`a.example.com`, `*.example.com`, or `` for host-less routes). A power of two long. */
  routes: buckets,
  /** Numbers of labels in the wildcard suffixes that occur, so that a reader asks for no others. */
  wildcardLabels: z.array(z.number()),
  /**
   * Host keys with very many routes, split into ranges by path: `from[i]` is the smallest routing path of
   * range i (the first is ``), `leaves[i]` its bucket.
   */
  split: z.record(z.string(), z.strictObject({ from: z.array(z.string()), leaves: z.array(bucket) })),
  /** Endpoints by their key. A power of two long. */
  endpoints: buckets,
});
export type Root = z.infer<typeof rootSchema>;
