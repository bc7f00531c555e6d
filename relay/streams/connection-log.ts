import type { StreamObserver } from "./stream-observer.ts";

/** Takes one line of the access log. */
export type WriteLine = (fields: object, message: string) => void;

/** An access log: a line for each connection and UDP session that has ended, or was refused. */
export function createConnectionLog(write: WriteLine): StreamObserver {
  return {
    connectionRouted: () => {},
    connectionEnded: ({ durationMs, ...end }) => write({ ...end, durationMs: Math.round(durationMs) }, "connection"),
    connectionRefused: (entryPoint, reason, clientAddress) =>
      write({ entryPoint, clientAddress, outcome: "refused", refusedBy: reason }, "connection"),
    sessionEnded: (end) => write(end, "session"),
    datagramDropped: () => {},
  };
}

/** Tells several. */
export const observeAll = (observers: readonly StreamObserver[]): StreamObserver => ({
  connectionRouted(entryPoint, connection) {
    for (const observer of observers) observer.connectionRouted(entryPoint, connection);
  },
  connectionEnded(end) {
    for (const observer of observers) observer.connectionEnded(end);
  },
  connectionRefused(entryPoint, reason, clientAddress) {
    for (const observer of observers) observer.connectionRefused(entryPoint, reason, clientAddress);
  },
  sessionEnded(end) {
    for (const observer of observers) observer.sessionEnded(end);
  },
  datagramDropped(entryPoint, reason) {
    for (const observer of observers) observer.datagramDropped(entryPoint, reason);
  },
});
