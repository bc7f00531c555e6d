import * as z from "zod/mini";

export interface Domain {
  id: string;
  hostname: string;
  service: string;
  zone_id: string;
  zone_name: string;
}

export interface HostsAnswer {
  status: number;
  body: unknown;
}

const putSchema = z.object({ hostname: z.string(), service: z.string() });

/**
 * What Cloudflare's REST API says of zones, custom domains and routes of Workers: `/zones`,
 * `/accounts/{account}/workers/domains` and `/zones/{zone}/workers/routes`. A domain is attached only where nothing
 * else has the name: neither another Worker (code 100116) nor a DNS record (100117).
 */
export class WorkersHosts {
  readonly zones: { id: string; name: string }[] = [];
  readonly domains = new Map<string, Domain>();
  readonly routes: { id: string; zone: string; pattern: string; script?: string }[] = [];
  /** Names that have DNS records of somebody's. */
  readonly dnsRecords = new Set<string>();
  /** What the token may not do, as prefixes of paths without `/client/v4`. */
  readonly forbidden: string[] = [];
  readonly log: string[] = [];
  private serial = 0;

  addZone(name: string): void {
    this.zones.push({ id: `zone-${name}`, name });
  }

  /** As a person does it in the dashboard. */
  attach(hostname: string, service: string): Domain {
    this.serial += 1;
    const zone = this.zoneOf(hostname);
    const id = `domain-${this.serial}`;
    const domain = { id, hostname, service, zone_id: zone?.id ?? "", zone_name: zone?.name ?? "" };
    this.domains.set(id, domain);
    return domain;
  }

  addRoute(zone: string, pattern: string, script?: string): void {
    this.serial += 1;
    this.routes.push({ id: `route-${this.serial}`, zone, pattern, ...(script === undefined ? {} : { script }) });
  }

  hostnamesOf(service: string): string[] {
    return [...this.domains.values()]
      .filter((domain) => domain.service === service)
      .map(({ hostname }) => hostname)
      .sort();
  }

  /** @param path without `/client/v4`. @returns undefined for what is not about hosts */
  handle(method: string, path: string, query: URLSearchParams, body: unknown): HostsAnswer | undefined {
    const [, zone] = /^\/zones\/([^/]+)\/workers\/routes$/.exec(path) ?? [];
    const [, domain] = /^\/accounts\/[^/]+\/workers\/domains(?:\/([^/]+))?$/.exec(path) ?? [];
    const isDomains = /^\/accounts\/[^/]+\/workers\/domains(?:\/|$)/.test(path);
    if (path !== "/zones" && zone === undefined && !isDomains) return undefined;
    this.log.push(`${method} ${path}`);
    if (this.forbidden.some((prefix) => `${method} ${path}`.startsWith(prefix))) {
      return refuse(403, 10000, "Authentication error");
    }
    if (method === "GET" && path === "/zones") return this.page(this.zones, query);
    if (method === "GET" && zone !== undefined) {
      const routes = this.routes.filter((route) => `zone-${route.zone}` === zone);
      return succeed(routes.map(({ zone: _, ...route }) => route));
    }
    if (method === "GET" && domain === undefined) return succeed([...this.domains.values()]);
    if (method === "PUT" && domain === undefined) return this.put(body);
    if (method === "DELETE" && domain !== undefined) {
      return this.domains.delete(domain) ? succeed(null) : refuse(404, 100114, "domain not found");
    }
    return refuse(405, 10405, "Method not allowed");
  }

  private put(body: unknown): HostsAnswer {
    const { hostname, service } = z.safeParse(putSchema, body).data ?? {};
    if (hostname === undefined || service === undefined) return refuse(400, 100112, "hostname and service are needed");
    if (this.zoneOf(hostname) === undefined) return refuse(404, 100113, `could not find zone for ${hostname}`);
    const other = [...this.domains.values()].find((domain) => domain.hostname === hostname);
    if (other?.service === service) return succeed(other);
    if (other !== undefined)
      return refuse(409, 100116, `Hostname '${hostname}' already in use by other custom domain.`);
    if (this.dnsRecords.has(hostname)) {
      return refuse(409, 100117, `Hostname '${hostname}' already has externally managed DNS records (A, CNAME, etc).`);
    }
    return succeed(this.attach(hostname, service));
  }

  private page<T>(all: readonly T[], query: URLSearchParams): HostsAnswer {
    const page = Number(query.get("page") ?? 1);
    const perPage = Number(query.get("per_page") ?? 20);
    const result = all.slice((page - 1) * perPage, page * perPage);
    const total_pages = Math.ceil(all.length / perPage);
    const result_info = { page, per_page: perPage, count: result.length, total_count: all.length, total_pages };
    return { status: 200, body: { success: true, errors: [], messages: [], result, result_info } };
  }

  private zoneOf(hostname: string) {
    return this.zones.find(({ name }) => hostname === name || hostname.endsWith(`.${name}`));
  }
}

const succeed = (result: unknown): HostsAnswer => ({
  status: 200,
  body: { success: true, errors: [], messages: [], result },
});

const refuse = (status: number, code: number, message: string): HostsAnswer => ({
  status,
  body: { success: false, errors: [{ code, message }], messages: [], result: null },
});
