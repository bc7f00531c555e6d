import { isAdminRequest } from "../admin/is-admin-request.ts";
import type { Isolate } from "./isolate.ts";

/**
 * Answers requests to the admin API.
 *
 * @returns undefined for everybody else's requests
 */
export function handleAdmin(request: Request, { admin }: Isolate): Response | Promise<Response> | undefined {
  return admin !== undefined && isAdminRequest(request.url, admin.place) ? admin.app.fetch(request) : undefined;
}
