import ipaddr from "ipaddr.js";
import * as z from "zod";
import type { Endpoint } from "../../../src/table/service.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import { readFields } from "../read-object.ts";
import type { ProblemDraft } from "./problem-draft.ts";

export interface ReadEndpoints {
  /** By address and port, each once. */
  endpoints: Endpoint[];
  /** Whether anything says where the Service's Pods are, even if none of it can serve. */
  isKnown: boolean;
  problems: ProblemDraft[];
}

/**
 * Who can serve a Service's port: from all its EndpointSlices (`slices`), or from its Endpoints object when it has none. The
 * port is found by its name; its number is the slice's own.
 */
export function readEndpoints(
  { metadata: { namespace = "", name } }: KubernetesObject,
  portName: string,
  slices: readonly KubernetesObject[],
  objects: ObjectReader,
): ReadEndpoints {
  const legacy = slices.length === 0 ? objects.get("Endpoints", namespace, name) : undefined;
  const sources = legacy === undefined ? slices.map(readSlice) : [readLegacy(legacy)];
  const endpoints = new Map<string, Endpoint>();
  for (const source of sources) {
    for (const { address, state, ports } of source.groups) {
      const port = ports.get(portName);
      if (port === undefined) continue;
      const key = `${address} ${port}`;
      // An endpoint that moves between slices is in both for a while, and only one of them may be up to date.
      if (endpoints.get(key)?.state !== "ready") endpoints.set(key, { address, port, state });
    }
  }
  return {
    endpoints: [...endpoints].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint),
    isKnown: sources.length > 0,
    problems: sources.flatMap(({ problems }) => problems),
  };
}

/** What a slice or an Endpoints object says, before a port is asked for. */
interface Source {
  groups: readonly { address: string; state: Endpoint["state"]; ports: ReadonlyMap<string, number> }[];
  problems: readonly ProblemDraft[];
}

const portsSchema = z
  .array(z.looseObject({ name: z.string().optional(), port: z.int().min(1).max(65_535).optional() }))
  .default([]);

export const sliceSchema = z.looseObject({
  addressType: z.string().default("IPv4"),
  ports: portsSchema,
  endpoints: z
    .array(
      z.looseObject({
        addresses: z.array(z.string()).default([]),
        conditions: z
          .looseObject({
            ready: z.boolean().optional(),
            serving: z.boolean().optional(),
            terminating: z.boolean().optional(),
          })
          .default({}),
      }),
    )
    .default([]),
});

const addressesSchema = z.array(z.looseObject({ ip: z.string() })).default([]);
export const legacySchema = z.looseObject({
  subsets: z.array(z.looseObject({ addresses: addressesSchema, ports: portsSchema })).default([]),
});

/** Each slice is read once, however many Services and routes ask for it. */
const known = new WeakMap<KubernetesObject, Source>();

function once(object: KubernetesObject, read: (problems: ProblemDraft[]) => Source["groups"]): Source {
  const found = known.get(object);
  if (found !== undefined) return found;
  const problems: ProblemDraft[] = [];
  const source = { groups: read(problems), problems };
  known.set(object, source);
  return source;
}

const readSlice = (slice: KubernetesObject): Source =>
  once(slice, (problems) => {
    const read = readFields(sliceSchema, slice, [], (problem) => problems.push(draft(slice, problem.message)));
    if (read === undefined) return [];
    if (read.addressType !== "IPv4" && read.addressType !== "IPv6") {
      problems.push(draft(slice, `the address type \`${read.addressType}\` is not read`));
      return [];
    }
    const ports = portMap(read.ports);
    return read.endpoints.flatMap(({ addresses, conditions }) => {
      const state = stateOf(conditions);
      return state === undefined
        ? []
        : validAddresses(slice, addresses, problems, (address) => ({ address, state, ports }));
    });
  });

const readLegacy = (object: KubernetesObject): Source =>
  once(object, (problems) => {
    const read = readFields(legacySchema, object, [], (problem) => problems.push(draft(object, problem.message)));
    return (read?.subsets ?? []).flatMap(({ addresses, ports: list }) => {
      const ports = portMap(list);
      const ips = addresses.map(({ ip }) => ip);
      return validAddresses(object, ips, problems, (address) => ({ address, state: "ready" as const, ports }));
    });
  });

/**
 * Conditions as EndpointSlices define them: without `ready` an endpoint is ready, without `serving` it serves when
 * it is ready. One that terminates still serves whom it serves; undefined is one that serves nobody.
 */
function stateOf({
  ready = true,
  serving = ready,
  terminating = false,
}: {
  ready?: boolean | undefined;
  serving?: boolean | undefined;
  terminating?: boolean | undefined;
}): Endpoint["state"] | undefined {
  if (terminating) return serving || ready ? "terminating" : undefined;
  return ready ? "ready" : undefined;
}

/** The port of a Service with one unnamed port has no name, or an empty one. */
const portMap = (ports: z.output<typeof portsSchema>): Map<string, number> =>
  new Map(ports.flatMap(({ name = "", port }) => (port === undefined ? [] : [[name, port] as const])));

function validAddresses<T>(
  object: KubernetesObject,
  addresses: readonly string[],
  problems: ProblemDraft[],
  make: (address: string) => T,
): T[] {
  return addresses.flatMap((address) => {
    if (ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address)) return [make(address)];
    problems.push(draft(object, `\`${address.slice(0, 100)}\` is not an IP address`));
    return [];
  });
}

const draft = ({ kind, metadata: { namespace = "", name } }: KubernetesObject, message: string): ProblemDraft => ({
  code: "invalid-field",
  severity: "warning",
  message: `In the ${kind} \`${name}\`, ${message}`,
  refersTo: { kind, namespace, name },
});
