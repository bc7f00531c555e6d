import type { HostRecord } from "./host-record.ts";
import type { RequiredHost } from "./required-hosts.ts";
import { compareSpecificity, coversRequests, parseRoutePattern, type RoutePattern } from "./route-pattern.ts";

/** What Cloudflare holds about the hosts of an account's Workers. */
export interface AttachedHosts {
  /** Custom domains of all Workers. */
  domains: readonly { id: string; hostname: string; service: string }[];
  /** Routes of the zones; undefined when they may not be read. A route without a Worker keeps requests from any. */
  routes: readonly { pattern: string; script: string | undefined }[] | undefined;
  /** The account's zones; undefined when they may not be read. */
  zones: readonly string[] | undefined;
}

/**
 * `attached`: a custom domain of the Worker. `routed`: by a route's pattern. `taken`: requests go elsewhere (`by`).
 * `no-zone`: no zone of the account holds it. `unknown`: routes cannot be read, so that it may be routed.
 */
export type HostState = "attached" | "routed" | "missing" | "taken" | "no-zone" | "unknown";

export interface PlannedHost {
  required: RequiredHost;
  state: HostState;
  /** Who has it when it is taken, for people. */
  by?: string;
}

export interface HostsInput {
  required: readonly RequiredHost[];
  attached: AttachedHosts;
  /** The name of the Worker. */
  worker: string;
  /** What this publisher's agents have attached before. */
  record: HostRecord;
  /** Hosts that other publishers of the same Worker need. */
  neededByOthers: ReadonlySet<string>;
  /** Hosts that could not be attached a while ago, and are not tried again yet. */
  postponed: ReadonlySet<string>;
  /** Whether hosts are attached and detached at all (`--manage-hosts`). */
  manage: boolean;
  /** False while the table is in doubt: something was refused, is pinned, or was never published. */
  mayDetach: boolean;
  /** Milliseconds since 1970. */
  now: number;
}

export interface HostsPlan {
  hosts: PlannedHost[];
  attach: string[];
  detach: { host: string; id: string }[];
  /** Hosts of ours that nobody needs, those included that are not detached yet. */
  unused: string[];
  /** The record as it is before anything is attached or detached. */
  record: HostRecord;
}

/** So many changes at most in one step: each is an API call, and each asks for or drops a certificate. */
export const MOST_CHANGES = 10;

/**
 * A custom domain goes with its certificate, and comes back after minutes only. So a host must have been unused this
 * long, lest deleting and applying an object again be an outage.
 */
export const DETACH_AFTER_MS = 60 * 60_000;

/**
 * How each required host reaches the Worker, and what to change so that all do.
 *
 * Only custom domains that an agent of this publisher attached are ever detached: those whose id is in its record, for
 * a domain that a person removed and attached again has another. What a person attached is left alone, even if the
 * same host was ours before. Custom domains of other Workers and DNS records are never taken over.
 */
export function planHosts(input: HostsInput): HostsPlan {
  const { required, attached, worker, manage } = input;
  const domains = new Map(attached.domains.map((domain) => [domain.hostname.toLowerCase(), domain]));
  const routes = readRoutes(attached.routes ?? []);
  const hosts = required.map((one): PlannedHost => ({ required: one, ...stateOf(one, domains, routes, input) }));
  const attach = hosts.flatMap(({ required: { host }, state }) =>
    state === "missing" && !host.startsWith("*.") && !input.postponed.has(host) ? [host] : [],
  );

  const needed = new Set(required.map(({ host }) => host));
  const owned = Object.entries(input.record.owned).filter(([host, id]) => {
    const domain = domains.get(host);
    return domain?.id === id && domain.service === worker;
  });
  const unused = owned.map(([host]) => host).filter((host) => !needed.has(host) && !input.neededByOthers.has(host));
  const unusedSince = Object.fromEntries(unused.map((host) => [host, input.record.unusedSince[host] ?? input.now]));
  // A table that needs no host at all says more about the table than about hosts.
  const mayDetach = manage && input.mayDetach && required.length > 0;
  const detach = owned
    .filter(([host]) => unused.includes(host) && input.now - (unusedSince[host] ?? input.now) >= DETACH_AFTER_MS)
    .map(([host, id]) => ({ host, id }));
  return {
    hosts,
    attach: manage ? attach.slice(0, MOST_CHANGES) : [],
    detach: mayDetach ? detach.slice(0, MOST_CHANGES) : [],
    unused,
    record: { version: 1, owned: Object.fromEntries(owned), unusedSince, requires: [...needed] },
  };
}

interface Route {
  pattern: RoutePattern;
  text: string;
  script: string | undefined;
}

function readRoutes(routes: NonNullable<AttachedHosts["routes"]>): Route[] {
  const read = routes.flatMap(({ pattern: text, script }): Route[] => {
    const pattern = parseRoutePattern(text);
    return pattern === undefined ? [] : [{ pattern, text, script }];
  });
  return read.sort((a, b) => compareSpecificity(a.pattern, b.pattern));
}

function stateOf(
  { host, paths }: RequiredHost,
  domains: ReadonlyMap<string, AttachedHosts["domains"][number]>,
  routes: readonly Route[],
  { attached, worker }: HostsInput,
): Pick<PlannedHost, "state" | "by"> {
  // Routes go before custom domains.
  const covering = paths.map((path) => routes.find(({ pattern }) => coversRequests(pattern, host, path)));
  const foreign = covering.find((route) => route !== undefined && route.script !== worker);
  if (foreign !== undefined) {
    const owner = foreign.script === undefined ? "which no Worker answers" : `of the Worker \`${foreign.script}\``;
    return { state: "taken", by: `the route \`${foreign.text}\` ${owner}` };
  }
  if (covering.every((route) => route !== undefined)) return { state: "routed" };
  const domain = domains.get(host);
  if (domain !== undefined) {
    return domain.service === worker
      ? { state: "attached" }
      : { state: "taken", by: `a custom domain of the Worker \`${domain.service}\`` };
  }
  if (attached.routes === undefined) return { state: "unknown" };
  return { state: hasZone(host, attached.zones) ? "missing" : "no-zone" };
}

const hasZone = (host: string, zones: readonly string[] | undefined): boolean =>
  zones === undefined || zones.some((zone) => host === zone || host.endsWith(`.${zone}`));
