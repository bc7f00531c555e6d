import type { AccessLog } from "../table/access-log.ts";
import type { AccessData } from "./access-data.ts";
import { compileFields } from "./access-fields.ts";
import { formats } from "./format-line.ts";

/** Makes the line of a request; undefined when the filters leave it out. */
export type AccessLogger = (data: AccessData) => string | undefined;

/** Compiled once for each entry point of a root. */
const compiled = new WeakMap<AccessLog, AccessLogger>();

export function accessLogger(settings: AccessLog): AccessLogger {
  let logger = compiled.get(settings);
  if (logger === undefined) {
    logger = compile(settings);
    compiled.set(settings, logger);
  }
  return logger;
}

function compile(settings: AccessLog): AccessLogger {
  const isKept = compileFilters(settings.filters);
  const fieldsOf = compileFields(settings);
  const format = formats[settings.format];
  return (data) => (isKept(data) ? format(fieldsOf(data), data.startMs + data.durationMs) : undefined);
}

/** A line is kept when one of the filters that are set takes it, as in Traefik. */
function compileFilters(filters: AccessLog["filters"]): (data: AccessData) => boolean {
  if (filters === undefined) return () => true;
  const { statusCodes, retryAttempts, minDurationMs } = filters;
  if (statusCodes.length === 0 && !retryAttempts && minDurationMs === 0) return () => true;
  return ({ status = 0, record, durationMs }) =>
    statusCodes.some(([first, last]) => status >= first && status <= last) ||
    (retryAttempts && record.retries > 0) ||
    (minDurationMs > 0 && durationMs > minDurationMs);
}
