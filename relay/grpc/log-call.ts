import type { ServerHttp2Stream } from "node:http2";
import type { LoggedRequest } from "../../src/access-log/log-exchange.ts";

/**
 * Writes the line of a call that has ended, with `GrpcStatus` beside the fields that requests have.
 *
 * @param code the status that the client got; undefined when it went away before
 */
export function endLogged(logged: LoggedRequest, stream: ServerHttp2Stream, code: number | undefined): void {
  const responseHeaders = new Headers();
  for (const [name, value] of Object.entries(stream.sentHeaders ?? {})) {
    if (name.startsWith(":") || value === undefined) continue;
    for (const line of Array.isArray(value) ? value : [value]) responseHeaders.append(name, String(line));
  }
  const status = Number(stream.sentHeaders?.[":status"]) || undefined;
  logged.end({
    status,
    responseHeaders,
    responseBytes: undefined,
    extra: code === undefined ? undefined : { GrpcStatus: code },
  });
}
