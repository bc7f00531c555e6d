import type { AccessLog } from "../table/access-log.ts";
import type { AccessFields, FieldValue } from "./access-fields.ts";

/** A line without its end. What clients choose can neither end a line nor a field of it, nor steer a terminal. */
export type FormatLine = (fields: AccessFields, endMs: number) => string;

export const formats: Readonly<Record<AccessLog["format"], FormatLine>> = {
  json: formatJson,
  common: (fields) => `${formatGeneric(fields)} ${formatOwn(fields)}`,
  genericCLF: (fields) => formatGeneric(fields),
};

/** Traefik's form: the fields beside `level`, `msg` and `time`. */
function formatJson(fields: AccessFields, endMs: number): string {
  const text = JSON.stringify({ ...fields, level: "info", msg: "", time: new Date(endMs).toISOString() });
  return text.replace(/[\u007f-\u009f\u2028\u2029]/g, escapeUnicode);
}

/** The Combined Log Format. */
function formatGeneric(fields: AccessFields): string {
  const { ClientHost, ClientUsername, StartUTC, StartLocal, RequestMethod, RequestPath, RequestProtocol } = fields;
  const request = [RequestMethod, RequestPath, RequestProtocol].map(bare).join(" ");
  return (
    `${bare(ClientHost)} - ${bare(ClientUsername)} [${commonTime(StartUTC ?? StartLocal)}] "${request}" ` +
    `${bare(fields.DownstreamStatus)} ${bare(fields.DownstreamContentSize)} ` +
    `${quoted(fields.request_Referer)} ${quoted(fields["request_User-Agent"])}`
  );
}

/** What Traefik adds to it. */
function formatOwn({ RequestCount, RouterName, ServiceURL, Duration }: AccessFields): string {
  const ms = typeof Duration === "number" ? Math.trunc(Duration / 1_000_000) : 0;
  return `${bare(RequestCount)} ${quoted(RouterName)} ${quoted(ServiceURL)} ${ms}ms`;
}

const bare = (value: FieldValue | undefined): string =>
  value === undefined || value === "" ? "-" : String(value).replace(/[\s"\\\p{Cc}\u2028\u2029]/gu, escapeByte);

const quoted = (value: FieldValue | undefined): string =>
  `"${value === undefined || value === "" ? "-" : String(value).replace(/["\\\p{Cc}\u2028\u2029]/gu, escapeByte)}"`;

const escapeByte = (character: string): string => {
  if (character === '"' || character === "\\") return `\\${character}`;
  const code = character.codePointAt(0) ?? 0;
  return code > 0xff ? escapeUnicode(character) : `\\x${code.toString(16).padStart(2, "0")}`;
};

const escapeUnicode = (character: string): string =>
  `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `2026-11-21T13:45:58.123Z` as `21/Nov/2026:13:45:58 +0000`. */
function commonTime(value: FieldValue | undefined): string {
  const [, year, month, day, time] = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)/.exec(String(value)) ?? [];
  return time === undefined ? "-" : `${day}/${months[Number(month) - 1]}/${year}:${time} +0000`;
}
