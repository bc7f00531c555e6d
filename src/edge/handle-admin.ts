import type { Isolate } from "./isolate.ts";
import { parseTarget } from "./parse-target.ts";

/** Whose requests the admin API takes: all of one host, or all below one path, or none. */
export interface AdminPlace {
  host: string | undefined;
  path: string | undefined;
}

/**
 * Answers requests to the admin API.
 *
 * @returns undefined for everybody else's requests, at the cost of two comparisons
 */
export function handleAdmin(request: Request, isolate: Isolate): Response | Promise<Response> | undefined {
  const { admin } = isolate;
  return admin !== undefined && isAdminRequest(request.url, admin.place) ? admin.app.fetch(request) : undefined;
}

/** Whether a request goes to the admin API rather than to a route. */
export function isAdminRequest(url: string, { host, path }: AdminPlace): boolean {
  const target = parseTarget(url);
  if (host !== undefined && target.authority.replace(/:\d+$/, "").toLowerCase() === host.toLowerCase()) return true;
  return path !== undefined && (target.path === path || target.path.startsWith(`${path}/`));
}
