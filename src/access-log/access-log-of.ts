import type { AccessLog } from "../table/access-log.ts";
import type { EntryPoint } from "../table/entry-point.ts";
import type { Router } from "../table/router.ts";

/** How requests that a router took at an entry point are logged; undefined when they are not. */
export const accessLogOf = (
  { accessLog, accessLogs = true }: EntryPoint,
  router: Router | undefined,
): AccessLog | undefined => ((router?.accessLogs ?? accessLogs) ? accessLog : undefined);
