import type { z } from "zod/mini";
import { endpointLeafSchema, type RouteLeaf, routeLeafSchema } from "../table/snapshot.ts";
import { type ReadParts, readParts } from "./read-parts.ts";

/**
 * Reads a leaf of routes as this Worker knows them (`readParts`).
 *
 * @throws `ZodError` for what is not such a leaf
 */
export const readRouteLeaf = (text: string): ReadParts<RouteLeaf> =>
  readParts(routeLeafSchema, JSON.parse(text), ["routers", "services", "middlewares"]);

/**
 * Reads a leaf of endpoints likewise.
 *
 * @throws `ZodError` for what is not such a leaf
 */
export const readEndpointLeaf = (text: string): ReadParts<z.infer<typeof endpointLeafSchema>> =>
  readParts(endpointLeafSchema, JSON.parse(text), ["endpoints"]);
