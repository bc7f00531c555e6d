import * as z from "zod";
import { sourceCriterionSchema } from "../../../src/table/source-criterion.ts";
import { parseGoDuration } from "../go-duration.ts";
import { readFields } from "../read-object.ts";
import type { ReadOptions } from "./read-options.ts";
import { badSourceCriterion } from "./source-criterion.ts";

/** https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/ratelimit/ */
export const rateLimitSpec = z.object({
  average: z.int().optional(),
  period: z.union([z.string(), z.number()]).optional(),
  burst: z.int().optional(),
  sourceCriterion: z.optional(sourceCriterionSchema),
  redis: z.unknown().optional(),
});

export const readRateLimit: ReadOptions = (value, { path, report }) => {
  const spec = readFields(rateLimitSpec, value, path, report);
  if (spec === undefined) return undefined;
  const { average = 0, period = 0, burst = 1, sourceCriterion, redis } = spec;
  if (redis !== undefined && redis !== null) {
    report({
      code: "unsupported-field",
      severity: "warning",
      path: [...path, "redis"],
      message: "`redis` has no effect: a Durable Object counts the requests of all of the edge",
      hint: "Remove it; nothing takes its place",
    });
  }
  const periodMs = parseGoDuration(period);
  const reason =
    average < 0
      ? `an average of ${average} is below 0`
      : burst < 0
        ? `a burst of ${burst} is below 0`
        : periodMs === undefined || periodMs < 0
          ? `\`${period}\` is not a period: write a number of seconds, or \`1m30s\``
          : badSourceCriterion(sourceCriterion);
  if (reason !== undefined || periodMs === undefined) {
    report({
      code: "middleware-invalid",
      severity: "error",
      path,
      message: `\`rateLimit\` cannot be built: ${reason}`,
    });
    return undefined;
  }
  return {
    type: "rateLimit",
    average,
    periodMs: periodMs === 0 ? DEFAULT_PERIOD_MS : periodMs,
    burst: Math.max(1, burst),
    ...(sourceCriterion && { sourceCriterion }),
  };
};

const DEFAULT_PERIOD_MS = 1000;
