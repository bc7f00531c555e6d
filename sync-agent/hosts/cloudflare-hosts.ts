import type Cloudflare from "cloudflare";
import { APIConnectionError, APIError, APIUserAbortError } from "cloudflare";
import { retryAfterOf } from "../publish/publish-error.ts";
import type { RequestBudget } from "../publish/request-budget.ts";
import { type HostsApi, HostsApiError } from "./hosts-api.ts";
import type { AttachedHosts } from "./plan-hosts.ts";

export interface CloudflareHostsOptions {
  client: Cloudflare;
  accountId: string;
  /** The name of the Worker. */
  worker: string;
  now(): number;
  /** Of the token, whoever else makes requests with it. */
  budget: Pick<RequestBudget, "acquire" | "pause">;
}

/** Zones come and go rarely. */
const ZONES_AGE_MS = 10 * 60_000;

/** The most that the API gives at once. */
const ZONES_PER_PAGE = 50;

/** More zones than these are not asked for their routes in one step. */
const MOST_ZONES = 50;

interface Zone {
  id: string;
  name: string;
}

/**
 * Hosts through Cloudflare's REST API. Needed of the token: Workers Scripts (read, and edit to attach), and of the
 * zones Zone (read) and Workers Routes (read); without the latter two nothing is said of hosts that may be routed.
 */
export function createCloudflareHosts(options: CloudflareHostsOptions): HostsApi {
  const { client, accountId: account_id, worker, now, budget } = options;
  let known: { zones: Zone[]; readAt: number } | undefined;

  const call = async <T>(signal: AbortSignal, request: () => PromiseLike<T>): Promise<T> => {
    await budget.acquire(signal);
    try {
      return await request();
    } catch (error) {
      if (error instanceof APIError && error.status === 429) budget.pause(retryAfterOf(error));
      throw asHostsError(error);
    }
  };

  const readZones = async (signal: AbortSignal): Promise<Zone[]> => {
    if (known !== undefined && now() - known.readAt < ZONES_AGE_MS) return known.zones;
    const zones: Zone[] = [];
    const query = { account: { id: account_id }, per_page: ZONES_PER_PAGE };
    let page = await call(signal, () => client.zones.list(query, { signal }));
    for (;;) {
      zones.push(...page.result.map(({ id, name }) => ({ id, name: name.toLowerCase() })));
      // The client asks until a page is empty.
      if (page.result.length < ZONES_PER_PAGE || !page.hasNextPage()) break;
      const current = page;
      page = await call(signal, () => current.getNextPage());
    }
    known = { zones, readAt: now() };
    return zones;
  };

  const readRoutes = async (zones: readonly Zone[], signal: AbortSignal): Promise<AttachedHosts["routes"]> => {
    if (zones.length > MOST_ZONES) return undefined;
    const routes: { pattern: string; script: string | undefined }[] = [];
    for (const { id: zone_id } of zones) {
      const page = await call(signal, () => client.workers.routes.list({ zone_id }, { signal }));
      routes.push(...page.result.map(({ pattern, script }) => ({ pattern, script: script || undefined })));
    }
    return routes;
  };

  return {
    async attached(hosts, signal) {
      const page = await call(signal, () => client.workers.domains.list({ account_id }, { signal }));
      const domains = page.result.map(({ id, hostname, service }) => ({ id, hostname, service }));
      const zones = await orUndefined(readZones(signal));
      const concerned = zones?.filter(({ name }) => hosts.some((host) => host === name || host.endsWith(`.${name}`)));
      const routes = concerned && (await orUndefined(readRoutes(concerned, signal)));
      return { domains, routes, zones: zones?.map(({ name }) => name) };
    },
    async attach(hostname, signal) {
      const params = { account_id, hostname, service: worker };
      const { id } = await call(signal, () => client.workers.domains.update(params, { signal }));
      return id;
    },
    async detach(id, signal) {
      await call(signal, () =>
        client.workers.domains.delete(id, { account_id }, { signal }).catch((error: unknown) => {
          if (!(error instanceof APIError && error.status === 404)) throw error;
        }),
      );
    },
  };
}

/** What the token may not read is not known. */
async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof HostsApiError && error.code === "forbidden") return undefined;
    throw error;
  }
}

function asHostsError(error: unknown): HostsApiError {
  if (error instanceof APIUserAbortError || error instanceof APIConnectionError) {
    return new HostsApiError("transient", "Cloudflare's API cannot be reached", error);
  }
  if (!(error instanceof APIError)) return new HostsApiError("transient", String(error), error);
  const { status = 0 } = error;
  const reason = messageOf(error);
  if (status === 401 || status === 403) return new HostsApiError("forbidden", reason, error);
  const isTransient = status === 429 || status >= 500 || status === 0;
  return new HostsApiError(isTransient ? "transient" : "refused", reason, error);
}

/** What the API says of its own errors, else what the client does. */
function messageOf({ errors, message }: APIError): string {
  const said = (errors ?? []).map(({ message: text }) => text).filter(Boolean);
  return (said.length > 0 ? said.join("; ") : message).slice(0, 300);
}
