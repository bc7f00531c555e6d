import { parseTarget } from "../edge/parse-target.ts";

/** Whose requests the admin API takes: all of one host, or all below one path. */
export interface AdminPlace {
  host: string | undefined;
  path: string | undefined;
}

/** Whether a request goes to the admin API rather than to a route. */
export function isAdminRequest(url: string, { host, path }: AdminPlace): boolean {
  const target = parseTarget(url);
  if (host !== undefined && target.authority.replace(/:\d+$/, "").toLowerCase() === host.toLowerCase()) return true;
  return path !== undefined && (target.path === path || target.path.startsWith(`${path}/`));
}
