import * as z from "zod";
import { parseGoDuration } from "../go-duration.ts";
import { readFields } from "../read-object.ts";
import { parseBreakerExpression } from "./parse-breaker-expression.ts";
import type { OptionsPlace, ReadOptions } from "./read-options.ts";

const duration = z.union([z.string(), z.number()]).optional();

/** https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/circuitbreaker/ */
export const circuitBreakerSpec = z.object({
  expression: z.string().optional(),
  checkPeriod: duration,
  fallbackDuration: duration,
  recoveryDuration: duration,
  responseCode: z.int().optional(),
});

const defaultsMs = { checkPeriod: 100, fallbackDuration: 10_000, recoveryDuration: 10_000 };
type Duration = keyof typeof defaultsMs;

export const readCircuitBreaker: ReadOptions = (value, place) => {
  const spec = readFields(circuitBreakerSpec, value ?? {}, place.path, place.report);
  if (spec === undefined) return undefined;
  const parsed = parseBreakerExpression(spec.expression ?? "");
  if ("problem" in parsed) {
    const { message, ...where } = parsed.problem;
    const path = [...place.path, "expression"];
    place.report({ code: "middleware-invalid", severity: "error", path, message, ...where });
    return undefined;
  }
  const { responseCode = 503 } = spec;
  if (!(responseCode >= 200 && responseCode <= 599)) {
    refuse("responseCode", `${responseCode} is not a status`, place);
    return undefined;
  }
  const times = { checkPeriod: 0, fallbackDuration: 0, recoveryDuration: 0 };
  for (const field of Object.keys(defaultsMs) as Duration[]) {
    const ms = parseGoDuration(spec[field] ?? 0);
    if (ms === undefined) {
      refuse(field, `\`${spec[field]}\` is not a duration: write \`10s\``, place);
      return undefined;
    }
    times[field] = ms > 0 ? ms : defaultsMs[field];
  }
  return {
    type: "circuitBreaker",
    condition: parsed.condition,
    checkPeriodMs: times.checkPeriod,
    fallbackDurationMs: times.fallbackDuration,
    recoveryDurationMs: times.recoveryDuration,
    responseCode,
  };
};

function refuse(field: string, message: string, { path, report }: OptionsPlace): void {
  report({ code: "middleware-invalid", severity: "error", path: [...path, field], message });
}
