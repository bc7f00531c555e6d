import * as z from "zod";
import type { HealthCheck, LoadBalancer, PassiveHealthCheck } from "../../../src/table/service.ts";
import { parseGoDuration } from "../go-duration.ts";
import { ignorable } from "../read-object.ts";

/** Faster than any Pod changes; more would be load. */
const SHORTEST_MS = 100;
/** Timers count to no more. */
const LONGEST_MS = 2 ** 31 - 1;

const token = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

const duration = z
  .union([z.string(), z.int()])
  .refine((value) => {
    const ms = parseGoDuration(value);
    return ms !== undefined && ms >= SHORTEST_MS && ms <= LONGEST_MS;
  }, "must be a duration of at least 100ms, such as `10s`")
  .transform((value) => parseGoDuration(value) ?? 0);

/**
 * Traefik's `healthCheck` of a service
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/#health-check).
 */
export const healthCheckSchema = z.object({
  mode: ignorable(z.enum(["http", "grpc"])),
  path: ignorable(z.string().regex(/^\/[^\s#\p{Cc}]*$/u, "must begin with `/`, without spaces")),
  scheme: ignorable(z.enum(["http", "https", "h2c"])),
  method: ignorable(z.string().regex(token, "must be a method")),
  status: ignorable(z.int().min(0).max(599)),
  port: ignorable(z.int().min(1).max(65_535)),
  interval: ignorable(duration),
  unhealthyInterval: ignorable(duration),
  timeout: ignorable(duration),
  hostname: ignorable(z.string().regex(/^[A-Za-z0-9.\-_[\]:]+$/, "must be a host name")),
  headers: ignorable(
    z
      .record(z.string(), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, "cannot be a header's value"))
      .refine(
        (headers) => Object.keys(headers).every((name) => token.test(name)),
        "has what cannot be a header's name",
      ),
  ),
  followRedirects: ignorable(z.boolean()),
});

/** Traefik's `passiveHealthCheck`. */
export const passiveHealthCheckSchema = z.object({
  failureWindow: ignorable(duration),
  maxFailedAttempts: ignorable(z.int().min(1).max(1_000)),
});

interface HealthOptions {
  healthCheck?: z.output<typeof healthCheckSchema> | undefined;
  passiveHealthCheck?: z.output<typeof passiveHealthCheckSchema> | undefined;
}

/** What the table says of both, with Traefik's defaults. */
export function readHealth({
  healthCheck: active,
  passiveHealthCheck: passive,
}: HealthOptions): Pick<LoadBalancer, "healthCheck" | "passiveHealthCheck"> {
  return {
    ...(active !== undefined && { healthCheck: withDefaults(active) }),
    ...(passive !== undefined && { passiveHealthCheck: passiveWithDefaults(passive) }),
  };
}

function withDefaults(options: z.output<typeof healthCheckSchema>): HealthCheck {
  const { mode = "http", path = "/", method = "GET", headers = {}, followRedirects = true } = options;
  const { scheme, port, hostname, status, interval = 30_000, timeout = 5_000 } = options;
  return {
    mode,
    path,
    method: method.toUpperCase(),
    headers,
    followRedirects,
    intervalMs: interval,
    unhealthyIntervalMs: options.unhealthyInterval ?? interval,
    timeoutMs: timeout,
    ...(scheme !== undefined && { scheme }),
    ...(port !== undefined && { port }),
    ...(hostname !== undefined && { hostname }),
    ...(status !== undefined && status !== 0 && { status }),
  };
}

const passiveWithDefaults = ({
  failureWindow = 10_000,
  maxFailedAttempts = 1,
}: z.output<typeof passiveHealthCheckSchema>): PassiveHealthCheck => ({
  maxFailedAttempts,
  failureWindowMs: failureWindow,
});
