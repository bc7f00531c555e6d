import * as z from "zod";
import { whole } from "../read-object.ts";

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, "is not a header name");
const headers = whole(
  z.array(z.object({ name: headerName, value: z.string().regex(/^[^\r\n\0]*$/, "must be one line") })),
).optional();
const headerModifier = z.object({ set: headers, add: headers, remove: whole(z.array(headerName)).optional() });

const pathModifier = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("ReplaceFullPath"), replaceFullPath: z.string() }),
    z.object({ type: z.literal("ReplacePrefixMatch"), replacePrefixMatch: z.string() }),
  ])
  .optional();
export type PathModifier = z.output<typeof pathModifier>;

/** By the rules for values of a path match, which a path is put together from. */
const pathPrefix = z
  .string()
  .regex(/^(?:\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*)*$/, "is not a path")
  .refine(
    (path) => !/\/(?:\/|\.\.?(?:\/|$))|%2[ef]/i.test(path),
    "must have no `//`, `.`, `..`, and no escaped slash or dot",
  );

const percent = z.int().min(0, "must not be negative").max(100, "must not be above 100");
const objectReference = z.object({ group: z.string().default(""), kind: z.string(), name: z.string() });

/** The filters that can be served (https://gateway-api.sigs.k8s.io/reference/spec/#httproutefilter). */
export const filterSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("RequestHeaderModifier"), requestHeaderModifier: headerModifier }),
  z.object({ type: z.literal("ResponseHeaderModifier"), responseHeaderModifier: headerModifier }),
  z.object({
    type: z.literal("RequestRedirect"),
    requestRedirect: z.object({
      scheme: z.enum(["http", "https"]).optional(),
      hostname: z.string().optional(),
      path: pathModifier,
      port: z.int().min(1).max(65_535).optional(),
      statusCode: z.literal([301, 302, 303, 307, 308]).default(302),
    }),
  }),
  z.object({
    type: z.literal("URLRewrite"),
    urlRewrite: z.object({ hostname: z.string().optional(), path: pathModifier }),
  }),
  z.object({
    type: z.literal("RequestMirror"),
    requestMirror: z.object({
      backendRef: z.unknown(),
      percent: percent.optional(),
      fraction: z.object({ numerator: z.int().min(0), denominator: z.int().min(1).default(100) }).optional(),
    }),
  }),
  z.object({
    type: z.literal("CORS"),
    cors: z.object({
      allowOrigins: z.array(z.string()).default([]),
      allowCredentials: z.boolean().default(false),
      allowMethods: z.array(z.string()).default([]),
      allowHeaders: z.array(z.string()).default([]),
      exposeHeaders: z.array(z.string()).default([]),
      maxAge: z.int().min(0).default(5),
    }),
  }),
  z.object({
    type: z.literal("ExternalAuth"),
    externalAuth: z.object({
      protocol: z.enum(["HTTP", "GRPC"]),
      backendRef: z.unknown(),
      http: z
        .object({
          path: pathPrefix.default(""),
          allowedHeaders: whole(z.array(headerName)).default([]),
          allowedResponseHeaders: whole(z.array(headerName)).default([]),
        })
        .prefault({}),
      grpc: z.object({ allowedHeaders: whole(z.array(headerName)).optional() }).optional(),
      forwardBody: z.object({ maxSize: z.int().min(0).default(0) }).prefault({}),
    }),
  }),
  z.object({ type: z.literal("ExtensionRef"), extensionRef: objectReference }),
]);
export type Filter = z.output<typeof filterSchema>;

export const filterTypes: readonly string[] = [
  "RequestHeaderModifier",
  "ResponseHeaderModifier",
  "RequestRedirect",
  "URLRewrite",
  "RequestMirror",
  "CORS",
  "ExternalAuth",
  "ExtensionRef",
] satisfies Filter["type"][];
