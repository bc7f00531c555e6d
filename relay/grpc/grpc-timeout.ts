const MS_BY_UNIT: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * The milliseconds that a client gives its call by `grpc-timeout` (gRPC over HTTP/2, Requests: at most eight digits and a
 * unit); undefined when it names none, or names it wrongly.
 */
export function parseGrpcTimeout(value: string | undefined): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(value ?? "") ?? [];
  return digits === undefined ? undefined : Number(digits) * (MS_BY_UNIT[unit] ?? 0);
}

/** The same in the smallest unit whose number has at most eight digits; never less than a millisecond is asked for. */
export function formatGrpcTimeout(ms: number): string {
  const whole = Math.max(1, Math.ceil(ms));
  for (const unit of ["m", "S", "M"]) {
    const count = Math.ceil(whole / (MS_BY_UNIT[unit] ?? 1));
    if (count < 1e8) return `${count}${unit}`;
  }
  return `${Math.min(Math.ceil(whole / 3_600_000), 99_999_999)}H`;
}
