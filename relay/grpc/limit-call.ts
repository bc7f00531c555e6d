import type { ServerHttp2Stream } from "node:http2";
import type { RelayEntryPoint } from "../../src/table/entry-point.ts";

/**
 * Holds a call to the times of its entry point: Traefik's `respondingTimeouts`
 * (https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/), which count from the call's headers.
 *
 * @param expire told once that a time is over, and which
 */
export function limitCall(
  stream: ServerHttp2Stream,
  { readTimeoutMs = 0, writeTimeoutMs = 0 }: Pick<RelayEntryPoint, "readTimeoutMs" | "writeTimeoutMs">,
  expire: (message: string) => void,
): void {
  const limit = (ms: number, event: "end" | "close", name: string): void => {
    if (ms <= 0) return;
    const timer = setTimeout(() => expire(`The call took longer than the entry point's ${name}`), ms);
    const stop = (): void => clearTimeout(timer);
    stream.once(event, stop);
    stream.once("close", stop);
  };
  limit(readTimeoutMs, "end", "readTimeout");
  limit(writeTimeoutMs, "close", "writeTimeout");
}
