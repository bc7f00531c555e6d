import { parseGoDuration } from "../go-duration.ts";
import type { Place } from "../traefik/context.ts";

/** https://gateway-api.sigs.k8s.io/geps/gep-2257/ */
const DURATION = /^(?:\d{1,5}(?:h|m|s|ms)){1,4}$/;
/** No timer goes further: 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** Milliseconds of a duration of Gateway API. Undefined when there is none, or, with the problem reported, a bad one. */
export function readDuration(text: string | undefined, { path, report }: Place): number | undefined {
  if (text === undefined) return undefined;
  const ms = DURATION.test(text) ? parseGoDuration(text) : undefined;
  if (ms !== undefined) return Math.min(ms, LONGEST_MS);
  report({
    code: "invalid-field",
    severity: "warning",
    path,
    message: `\`${text.slice(0, 60)}\` is not a duration, and has no effect`,
    hint: "Write `500ms`, `10s` or `1h30m`",
  });
  return undefined;
}
