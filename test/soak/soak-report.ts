import type { SoakResult } from "./run-soak.ts";
import type { Failure } from "./soak-load.ts";

const MAX_LISTED = 40;
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
    ...failures.slice(0, MAX_LISTED).map((failure) => `  ${describeFailure(failure, result)}`),
    `uploads seen twice  ${uploadsSeenTwice.length}`,
  ];
}

function describeFailure({ sentMs, endedMs, kind, request }: Failure, { events }: SoakResult): string {
  const meanwhile = events
    .filter(({ fromMs, toMs }) => fromMs <= endedMs && toMs + AFTERMATH_MS >= sentMs)
    .map(({ name }) => name);
  return `${secondsOf(sentMs)} - ${secondsOf(endedMs)}  ${kind}  (${request})  during: ${meanwhile.join("; ")}`;
}

const secondsOf = (ms: number): string => `${(ms / 1000).toFixed(3)} s`.padStart(10);
