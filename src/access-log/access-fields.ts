import type { AccessLog, AccessLogModes } from "../table/access-log.ts";
import type { AccessData } from "./access-data.ts";

export type FieldValue = string | number;
export type AccessFields = Record<string, FieldValue>;

/** What stands for a value that is hidden; Traefik's word. */
const REDACTED = "REDACTED";
const NANOSECONDS = 1_000_000;

type ReadField = (data: AccessData, settings: AccessLog) => FieldValue | undefined;

/**
 * Traefik's fields, by its names
 * (https://doc.traefik.io/traefik/reference/install-configuration/observability/logs-and-accesslogs/#available-fields). Times are
 * told in nanoseconds, which nobody here counts: the last six digits are zeros, or nearly.
 */
const readers: Readonly<Record<string, ReadField>> = {
  StartUTC: ({ startMs }) => new Date(startMs).toISOString(),
  // Where this runs has no local time.
  StartLocal: ({ startMs }) => new Date(startMs).toISOString(),
  Duration: ({ durationMs }) => toNanoseconds(durationMs),
  entryPointName: ({ entryPoint }) => entryPoint,
  RouterName: ({ router, record: { branch } }) =>
    router === undefined || branch === undefined ? router : `${router} -> ${branch}`,
  ServiceName: ({ record }) => record.origin?.service,
  ServiceURL: ({ record: { origin } }) =>
    origin?.address === undefined ? undefined : `${origin.scheme}://${origin.address}`,
  ServiceAddr: ({ record }) => record.origin?.address,
  ClientAddr: ({ clientAddress }) => clientAddress,
  ClientHost: ({ clientAddress, isTrusted, requestHeaders }) =>
    (isTrusted && requestHeaders.get("x-forwarded-for")) || clientAddress,
  ClientPort: () => "-",
  ClientUsername: ({ record }) => record.user ?? "-",
  RequestAddr: ({ authority }) => authority,
  RequestHost: ({ authority }) => splitPort(authority).host,
  RequestPort: ({ authority }) => splitPort(authority).port,
  RequestMethod: ({ method }) => method,
  RequestPath: ({ path, query }, { queryParameters }) => (queryParameters ? path + query : path),
  RequestProtocol: ({ protocol }) => protocol,
  RequestScheme: ({ scheme }) => scheme,
  RequestContentSize: ({ requestHeaders }) => lengthOf(requestHeaders),
  OriginDuration: ({ record }) => toNanoseconds(record.origin?.durationMs),
  OriginStatus: ({ record }) => record.origin?.response?.status,
  OriginContentSize: ({ record: { origin } }) =>
    origin?.response === undefined ? undefined : lengthOf(origin.response.headers),
  Overhead: ({ durationMs, record }) => toNanoseconds(durationMs - (record.origin?.durationMs ?? 0)),
  DownstreamStatus: ({ status }) => status,
  DownstreamContentSize: ({ responseBytes }) => responseBytes,
  RequestCount: ({ count }) => count,
  RetryAttempts: ({ record }) => record.retries,
  TLSVersion: ({ tls }) => tls?.version || undefined,
  TLSCipher: ({ tls }) => tls?.cipher || undefined,
  TLSClientSubject: ({ tls }) => tls?.clientSubject || undefined,
};

/** Names of the fields that can be kept, dropped or redacted. */
export const fieldNames: readonly string[] = Object.keys(readers);

/** Compiles which fields and headers are kept: a request meets those alone. */
export function compileFields(settings: AccessLog): (data: AccessData) => AccessFields {
  const { fields: modes } = settings;
  const kept = Object.entries(readers).flatMap(([name, read]) => {
    const mode = modeOf(name.toLowerCase(), modes);
    return mode === "drop" ? [] : [{ name, read, isHidden: mode === "redact" }];
  });
  const addHeaders = compileHeaders(settings.headers);
  return (data) => {
    const fields: AccessFields = {};
    for (const { name, read, isHidden } of kept) {
      const value = read(data, settings);
      if (value !== undefined) fields[name] = isHidden ? REDACTED : value;
    }
    for (const [name, value] of Object.entries(data.extra ?? {})) {
      const mode = modeOf(name.toLowerCase(), modes);
      if (mode !== "drop") fields[name] = mode === "redact" ? REDACTED : value;
    }
    addHeaders(fields, "request_", data.requestHeaders);
    if (data.record.origin?.response !== undefined) addHeaders(fields, "origin_", data.record.origin.response.headers);
    addHeaders(fields, "downstream_", data.responseHeaders);
    return fields;
  };
}

function compileHeaders(modes: AccessLogModes): (fields: AccessFields, prefix: string, headers: Headers) => void {
  if (modes.default === "drop" && Object.values(modes.names).every((mode) => mode === "drop")) return () => {};
  return (fields, prefix, headers) => {
    for (const [name, value] of headers) {
      const mode = name === "host" ? "drop" : modeOf(name, modes);
      if (mode === "drop") continue;
      const key = prefix + canonicalName(name);
      const before = fields[key];
      if (mode === "redact") fields[key] = REDACTED;
      else fields[key] = before === undefined ? value : `${before},${value}`;
    }
  };
}

const modeOf = (lowerName: string, { default: common, names }: AccessLogModes) =>
  Object.hasOwn(names, lowerName) ? names[lowerName] : common;

/** A header's name as Traefik writes it: `User-Agent`. */
const canonicalName = (name: string): string => name.replace(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase());

function toNanoseconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.max(0, Math.round(ms * NANOSECONDS));
}

/** `[::1]:80` as `::1` and `80`; a host without a port has `-`, as Traefik says it. */
function splitPort(authority: string): { host: string; port: string } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(authority) ?? [];
  return port === undefined ? { host: authority, port: "-" } : { host: bracketed ?? plain ?? "", port };
}

/** What Content-Length says; 0 where it says nothing. */
const lengthOf = (headers: Headers): number => {
  const text = headers.get("content-length") ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
};
