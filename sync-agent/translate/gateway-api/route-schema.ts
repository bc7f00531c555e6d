import * as z from "zod";
import { ignorable, whole } from "../read-object.ts";

const unread = z.unknown().optional();

/** https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec. Lists are read element by element where they are used. */
export const routeSchema = z.object({
  parentRefs: z.array(z.unknown()).default([]),
  hostnames: z.array(z.unknown()).default([]),
  rules: z.array(z.unknown()).optional(),
  useDefaultGateways: unread,
});

export const parentRefSchema = z.object({
  group: z.string().default("gateway.networking.k8s.io"),
  kind: z.string().default("Gateway"),
  namespace: z.string().optional(),
  name: z.string(),
  sectionName: z.string().optional(),
  port: z.int().optional(),
});
export type ParentRef = z.output<typeof parentRefSchema>;

export const ruleSchema = z.object({
  name: z.string().optional(),
  matches: z.array(z.unknown()).default([]),
  filters: z.array(z.unknown()).default([]),
  backendRefs: z.array(z.unknown()).default([]),
  timeouts: ignorable(z.object({ request: z.string().optional(), backendRequest: z.string().optional() })),
  retry: ignorable(
    z.object({
      codes: z
        .array(z.int().min(400, "is not a status from 400 to 599").max(599, "is not a status from 400 to 599"))
        .default([]),
      attempts: z.int().min(0, "must not be negative").optional(),
      backoff: z.string().optional(),
    }),
  ),
  sessionPersistence: ignorable(
    z.object({
      sessionName: z.string().optional(),
      type: z.enum(["Cookie", "Header"]).default("Cookie"),
      absoluteTimeout: z.string().optional(),
      idleTimeout: z.string().optional(),
      cookieConfig: z
        .object({ lifetimeType: z.enum(["Session", "Permanent"]).default("Session") })
        .default({ lifetimeType: "Session" }),
    }),
  ),
});
export type RuleSpec = z.output<typeof ruleSchema>;

export const valueMatchSchema = z.object({
  type: z.enum(["Exact", "RegularExpression"]).default("Exact"),
  name: z.string().min(1, "is empty"),
  value: z.string(),
});

export const matchSchema = z.object({
  path: z
    .object({
      type: z.enum(["Exact", "PathPrefix", "RegularExpression"]).default("PathPrefix"),
      value: z.string().default("/"),
    })
    .optional(),
  headers: whole(z.array(valueMatchSchema)).default([]),
  queryParams: whole(z.array(valueMatchSchema)).default([]),
  method: z.enum(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]).optional(),
});
export type MatchSpec = z.output<typeof matchSchema>;

export const backendRefSchema = z.object({
  group: z.string().default(""),
  kind: z.string().default("Service"),
  namespace: z.string().optional(),
  name: z.string(),
  port: z.int().min(1).max(65_535).optional(),
  weight: z.int().min(0, "must not be negative").max(1_000_000, "must not be above 1000000").default(1),
  filters: z.array(z.unknown()).default([]),
});
export type BackendRef = z.output<typeof backendRefSchema>;
