const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Milliseconds of a duration as Traefik takes it: Go's `time.ParseDuration` (`1m30s`, `-1ms`, `1.5h`), or a bare
 * whole number of seconds. Undefined when it is neither.
 */
export function parseGoDuration(value: string | number): number | undefined {
  const text = String(value).trim();
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text) * 1000;
  const negative = text.startsWith("-");
  let rest = text.replace(/^[+-]/, "");
  if (rest === "" || rest.length > 100) return undefined;
  let total = 0;
  while (rest !== "") {
    const part = /^(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/.exec(rest);
    if (part === null) return undefined;
    total += Number(part[1]) * (unitsMs[part[2] ?? ""] ?? Number.NaN);
    rest = rest.slice(part[0].length);
  }
  return negative ? -total : total;
}
