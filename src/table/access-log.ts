import * as z from "zod/mini";

/** `redact` keeps the name and hides the value. */
const modeSchema = z.enum(["keep", "drop", "redact"]);
export type AccessLogMode = z.infer<typeof modeSchema>;

const modesSchema = z.strictObject({
  default: modeSchema,
  /** By lower-case names. */
  names: z.record(z.string(), modeSchema),
});
export type AccessLogModes = z.infer<typeof modesSchema>;

/**
 * What is logged of requests, with Traefik's names
 * (https://doc.traefik.io/traefik/reference/install-configuration/observability/logs-and-accesslogs/).
 */
export const accessLogSchema = z.strictObject({
  format: z.enum(["common", "genericCLF", "json"]),
  /** A line is kept when one of them takes it; without any, every line is. */
  filters: z.optional(
    z.strictObject({
      /** First and last status of each range. */
      statusCodes: z.array(z.tuple([z.number(), z.number()])),
      retryAttempts: z.boolean(),
      /** Milliseconds that a request must have taken; 0: this takes none. */
      minDurationMs: z.number(),
    }),
  ),
  fields: modesSchema,
  headers: modesSchema,
  /** Whether `RequestPath` has the query. */
  queryParameters: z.boolean(),
});
export type AccessLog = z.infer<typeof accessLogSchema>;
