import { fieldNames } from "../../src/access-log/access-fields.ts";
import type { AccessLogMode, AccessLogModes } from "../../src/table/access-log.ts";
import type { AccessLogSettings } from "../translate/settings.ts";
import { duration } from "./duration.ts";
import { bool, choice, made, mapOf, noPlace, nothingToDo, object, switched, textList } from "./read-yaml.ts";

const files =
  "a Worker has no files; lines are written to its log (Workers Logs), in `sluice dev` to the standard output";
const otlp = "export Workers Logs by OpenTelemetry (`observability` in wrangler.toml)";

/** `200` and `300-302`. */
const statusCodes = made(textList, (list) => {
  const ranges = list.map((text) => /^(\d{3})(?:-(\d{3}))?$/.exec(text));
  const bad = ranges.indexOf(null);
  if (bad !== -1) return new Error(`\`${list[bad]}\` is neither a status nor a range such as \`500-599\``);
  return ranges.map((range): [number, number] => [Number(range?.[1]), Number(range?.[2] ?? range?.[1])]);
});

const mode = choice(["keep", "drop", "redact"]);

/** What Traefik tells and nobody here counts. */
const unknownHere = ["GzipRatio", "RequestLine", "OriginStatusLine", "DownstreamStatusLine", "TraceId", "SpanId"];

/** https://doc.traefik.io/traefik/reference/install-configuration/observability/logs-and-accesslogs/ */
export const accessLog = switched(
  object({
    format: choice(["common", "genericCLF", "json"]),
    addInternals: bool,
    filters: object({ statusCodes, retryAttempts: bool, minDuration: duration }),
    fields: object({
      defaultMode: mode,
      names: object({
        ...Object.fromEntries(fieldNames.map((name) => [name, mode])),
        ...Object.fromEntries(unknownHere.map((name) => [name, nothingToDo])),
      }),
      headers: object({ defaultMode: mode, names: mapOf(mode) }),
      queryParameters: object({ defaultMode: choice(["keep", "drop"]) }),
    }),
    filePath: noPlace("warning", files),
    bufferingSize: noPlace("notice", "the platform takes lines without a wait"),
    dualOutput: noPlace("notice", otlp),
    sampleRate: noPlace("notice", "the rate is `head_sampling_rate` of `observability` in wrangler.toml"),
    otlp: noPlace("warning", otlp),
  }),
);

/** Where `keep` is said of all headers, whoever is meant by it seldom means these. */
const secretHeaders = ["authorization", "cookie", "proxy-authorization", "set-cookie"];

/** With Traefik's defaults: every field, and no header. */
export function toAccessLog(values: NonNullable<ReturnType<typeof accessLog>>): AccessLogSettings {
  const { format = "common", addInternals = false, filters, fields } = values;
  const headers = toModes("drop", fields?.headers?.defaultMode, fields?.headers?.names);
  if (headers.default === "keep") {
    for (const name of secretHeaders) headers.names[name] ??= "redact";
  }
  return {
    format,
    addInternals,
    ...(filters !== undefined && {
      filters: {
        statusCodes: filters.statusCodes ?? [],
        retryAttempts: filters.retryAttempts ?? false,
        minDurationMs: filters.minDuration ?? 0,
      },
    }),
    fields: toModes("keep", fields?.defaultMode, fields?.names),
    headers,
    queryParameters: fields?.queryParameters?.defaultMode !== "drop",
  };
}

function toModes(
  usual: AccessLogMode,
  common: AccessLogMode = usual,
  names: Readonly<Record<string, AccessLogMode | undefined>> = {},
): AccessLogModes {
  const entries = Object.entries(names).flatMap(([name, one]) =>
    one === undefined ? [] : [[name.toLowerCase(), one] as const],
  );
  return { default: common, names: Object.fromEntries(entries) };
}
