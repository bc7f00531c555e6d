import * as z from "zod/mini";
import { entryPointSchema, relayEntryPointSchema } from "./entry-point.ts";
import { middlewareSchema } from "./middleware.ts";
import { routerSchema } from "./router.ts";
import { ruleSchema } from "./rule.ts";
import { endpointSchema, endpointsSchema, serversTransportSchema, serviceSchema } from "./service.ts";
import type { Table } from "./table.ts";
import { tcpMiddlewareSchema, tcpRouterSchema, tcpServiceSchema, udpRouterSchema, udpServiceSchema } from "./tcp.ts";
import { tcpRuleSchema } from "./tcp-rule.ts";
import { certificateSchema, tlsOptionsSchema } from "./tls.ts";
import { widenRule } from "./widen-rule.ts";

/** An entry of a table that could not be read as it is. */
export interface UnreadEntry {
  part: UnreadPart;
  name: string;
  /** As it was written, for whoever can read it. */
  value: unknown;
  /** What was not understood, and where. */
  reason: string;
}

/** What a program closes that is older than who made its table: instead of the code of a problem. */
const CLOSED_BY = "newer-table";

/** Reads an entry, and makes one that refuses of what cannot be read; undefined where none can be made. */
interface EntryReader {
  schema: z.ZodMiniType;
  close(value: unknown): unknown;
}

const text = z.catch(z.string(), "");

/** What says which requests a router takes, so that no lower one takes them: without it the router cannot be closed. */
const placed = { name: z.string(), entryPoints: z.array(z.string()), priority: z.number(), tieBreaker: z.string() };
const placedRouter = z.object({ ...placed, tls: z.boolean(), rule: z.unknown(), ruleText: text, service: text });
const placedTcpRouter = z.object({
  ...placed,
  tls: z.optional(z.unknown()),
  rule: z.unknown(),
  ruleText: text,
  service: text,
});
const placedUdpRouter = z.omit(z.object(placed), { priority: true });

/** A closed router ends no TLS, but whether it has connections of TLS at all decides which it closes. */
const UNUSED_TLS = { passthrough: false };

/** It has no children to send anything to. */
const noChildren = { type: "weighted", children: [] };

/** Nothing is listened at there, but status and metrics name it. */
const placedEntryPoint = z.object({
  protocol: z.catch(z.enum(["tcp", "udp"]), "tcp"),
  host: text,
  port: z.catch(z.number(), 0),
});

/** Its certificate tells for which names nobody else's may be shown; an unknown way of being the default is one. */
const namedCertificate = z.object({ certificate: z.string(), isDefault: z.catch(z.optional(z.boolean()), true) });

const listedEndpoints = z.object({ endpoints: z.array(z.unknown()) });

/** Those that can be read. The Service's own address would lead to the others as well. */
function closeEndpoints(value: unknown): unknown {
  const { data } = listedEndpoints.safeParse(value);
  const endpoints = data?.endpoints.filter((endpoint) => endpointSchema.safeParse(endpoint).success) ?? [];
  const isWhole = endpointsSchema.safeParse({ ...asObject(value), endpoints, clusterIp: undefined }).success;
  return { endpoints: isWhole ? endpoints : [] };
}

const asObject = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});

const readers = {
  entryPoints: {
    schema: entryPointSchema,
    close: (value) => ({ port: placedEntryPoint.safeParse(value).data?.port ?? 0, closedBy: CLOSED_BY }),
  },
  routers: {
    schema: routerSchema,
    close(value) {
      const { data } = placedRouter.safeParse(value);
      const rule = data && widenRule(ruleSchema, data.rule);
      return rule && { ...data, rule, middlewares: [], closedBy: CLOSED_BY };
    },
  },
  services: { schema: serviceSchema, close: () => ({ type: "status", status: 503 }) },
  // A list of nobody cannot be built, which closes whatever it guards.
  middlewares: {
    schema: middlewareSchema,
    close: () => ({ type: "ipAllowList", sourceRange: [], rejectStatusCode: 503 }),
  },
  endpoints: { schema: endpointsSchema, close: closeEndpoints },
  serversTransports: { schema: serversTransportSchema, close: () => ({ closedBy: CLOSED_BY }) },
  relayEntryPoints: {
    schema: relayEntryPointSchema,
    close: (value) => ({
      ...(placedEntryPoint.safeParse(value).data ?? { protocol: "tcp", host: "", port: 0 }),
      closedBy: CLOSED_BY,
    }),
  },
  relayEndpoints: { schema: endpointsSchema, close: closeEndpoints },
  tcpRouters: {
    schema: tcpRouterSchema,
    close(value) {
      const { data } = placedTcpRouter.safeParse(value);
      const rule = data && widenRule(tcpRuleSchema, data.rule);
      if (rule === undefined) return undefined;
      const { tls, ...rest } = data ?? {};
      return { ...rest, rule, middlewares: [], closedBy: CLOSED_BY, ...(tls !== undefined && { tls: UNUSED_TLS }) };
    },
  },
  tcpServices: { schema: tcpServiceSchema, close: () => noChildren },
  tcpMiddlewares: { schema: tcpMiddlewareSchema, close: () => ({ type: "ipAllowList", sourceRange: [] }) },
  udpRouters: {
    schema: udpRouterSchema,
    close(value) {
      const { data } = placedUdpRouter.safeParse(value);
      return data && { ...data, service: "" };
    },
  },
  udpServices: { schema: udpServiceSchema, close: () => noChildren },
  tlsOptions: { schema: tlsOptionsSchema, close: () => ({ closedBy: CLOSED_BY }) },
  certificates: {
    schema: certificateSchema,
    close(value) {
      const { data } = namedCertificate.safeParse(value);
      if (data === undefined) return undefined;
      const { certificate, isDefault } = data;
      return { certificate, key: "", ...(isDefault !== undefined && { isDefault }), closedBy: CLOSED_BY };
    },
  },
} satisfies Record<keyof Table, EntryReader>;

/** Parts of a table: in each, one entry can be closed by itself. */
export type UnreadPart = keyof typeof readers;

export const isUnreadPart = (part: string): part is UnreadPart => Object.hasOwn(readers, part);

/**
 * Puts entries that refuse in the place of those that cannot be read, as happens to a program that is older than who
 * made the table: a field that it does not know may be a guard, so that the entry must not serve without it, while all
 * others can. A router that is closed keeps its place, so that no lower one takes over.
 *
 * @param entries a list of things with names, or a record
 * @returns the entries, in the same form; those that cannot even be closed are left as they are, for a schema to refuse
 */
export function closeUnread(part: UnreadPart, entries: unknown): { entries: unknown; unread: UnreadEntry[] } {
  const { schema, close }: EntryReader = readers[part];
  const unread: UnreadEntry[] = [];
  const read = (name: unknown, value: unknown): unknown => {
    const parsed = schema.safeParse(value);
    if (parsed.success || typeof name !== "string") return value;
    const closed = close(value);
    if (closed === undefined) return value;
    unread.push({ part, name, value, reason: describeUnread(parsed.error) });
    return closed;
  };
  if (Array.isArray(entries)) return { entries: entries.map((value) => read(nameOf(value), value)), unread };
  if (typeof entries !== "object" || entries === null) return { entries, unread };
  const record = Object.entries(entries).map(([name, value]) => [name, read(name, value)] as const);
  return { entries: Object.fromEntries(record), unread };
}

const nameOf = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "name" in value ? value.name : undefined;

/** What the first issue is about, for people. */
export function describeUnread({ issues: [issue] }: z.core.$ZodError): string {
  const what = issue?.code === "unrecognized_keys" ? `the unknown field ${issue.keys.join(", ")}` : issue?.message;
  return `${what} at ${issue?.path.join(".") || "its start"}`;
}
