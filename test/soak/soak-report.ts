import type { SoakResult } from "./run-soak.ts";
import type { Failure } from "./soak-load.ts";

const MAX_KINDS = 4;
/** Failures so near to each other are told as one. */
const SPAN_GAP_MS = 500;
/** What ended so long before a failure may still have caused it. */
const AFTERMATH_MS = 2_000;

/** Everything that must not be: failed requests, and uploads that Pods saw twice. */
export const soakFaultsFound = ({ failures, uploadsSeenTwice }: SoakResult): number =>
  failures.length + uploadsSeenTwice.length;

/** The lines of a table for people. */
export function soakReport(result: SoakResult): string[] {
  const { sent, failures, seconds, latenciesMs, restarts, podsReplaced, events, uploadsSeenTwice } = result;
  const at = (share: number): string => (latenciesMs[Math.floor((latenciesMs.length - 1) * share)] ?? 0).toFixed(1);
  const kinds = Map.groupBy(failures, ({ kind }) => kind);
  return [
    `requests        ${sent} in ${seconds.toFixed(1)} s: ${(sent / seconds).toFixed(0)}/s`,
    ...Object.entries(result.sentBy)
      .sort(([, a], [, b]) => b - a)
      .map(([request, count]) => `  ${String(count).padStart(6)}  ${request}`),
    `restarts        ${restarts}: ${podsReplaced} Pods replaced`,
    `generations     ${result.generations} published meanwhile`,
    `latency         p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`,
    `machine         ${(result.machineUse * 100).toFixed(0)} % of its processors in use`,
    "faults",
    ...events
      .filter(({ name }) => !name.startsWith("restart"))
      .map(({ name, fromMs, toMs }) => `  ${secondsOf(fromMs)} - ${secondsOf(toMs)}  ${name}`),
    `failed          ${failures.length}`,
    ...[...kinds].map(([kind, { length }]) => `  ${String(length).padStart(6)}  ${kind}`),
    ...spansOf(failures).map((span) => `  ${describeSpan(span, result)}`),
    `uploads seen twice  ${uploadsSeenTwice.length}`,
  ];
}

/** Failures, each of which was sent soon after another had ended. */
function spansOf(failures: readonly Failure[]): Failure[][] {
  const spans: Failure[][] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const failure of failures.toSorted((a, b) => a.sentMs - b.sentMs)) {
    const span = spans.at(-1);
    if (span === undefined || failure.sentMs > lastMs + SPAN_GAP_MS) spans.push([failure]);
    else span.push(failure);
    lastMs = Math.max(lastMs, failure.endedMs);
  }
  return spans;
}

function describeSpan(span: readonly Failure[], { events }: SoakResult): string {
  const fromMs = Math.min(...span.map(({ sentMs }) => sentMs));
  const toMs = Math.max(...span.map(({ endedMs }) => endedMs));
  const meanwhile = events
    .filter((event) => event.fromMs <= toMs && event.toMs + AFTERMATH_MS >= fromMs)
    .map(({ name }) => name);
  const kinds = [...Map.groupBy(span, ({ kind, request }) => `${kind} (${request})`)].map(
    ([kind, { length }]) => `${length} x ${kind}`,
  );
  const listed = kinds.slice(0, MAX_KINDS).join(", ") + (kinds.length > MAX_KINDS ? ", ..." : "");
  return `${secondsOf(fromMs)} - ${secondsOf(toMs)}  ${listed}  during: ${meanwhile.join("; ")}`;
}

const secondsOf = (ms: number): string => `${(ms / 1000).toFixed(3)} s`.padStart(10);
