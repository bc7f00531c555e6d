import type { Dispatcher } from "undici";
import type { ConnectionPool, PodDispatch } from "../origin-gateway/connection.ts";

/** What an endpoint answered. Headers and trailers are name and value in turn, names in lower case. */
export interface ProbeAnswer {
  status: number;
  headers: readonly string[];
  trailers: readonly string[];
  body: Buffer;
}

/** Bytes of an answer that are looked at. */
const MAX_BODY = 4_096;

/**
 * Sends one request over a connection of its own.
 *
 * @param isWhole whether the beginning of the body and the trailers are waited for; else the headers are all
 * @throws Error when there is no answer
 */
export function askOnce(pool: ConnectionPool, request: PodDispatch, isWhole: boolean): Promise<ProbeAnswer> {
  const connection = pool.take({ maxIdleMs: 0, watchMs: 0 });
  return new Promise<ProbeAnswer>((resolve, reject) => {
    let [status, headers, bytes] = [0, [] as string[], 0];
    const chunks: Buffer[] = [];
    const end = (trailers: readonly string[]): void =>
      resolve({ status, headers, trailers, body: Buffer.concat(chunks) });
    connection.dispatcher.dispatch(request, {
      onRequestStart() {},
      onResponseStart(controller, answered) {
        if (answered < 200) return;
        status = answered;
        headers = textOf(controller.rawHeaders);
        if (!isWhole) end([]);
      },
      onResponseData(_, chunk) {
        bytes += chunk.length;
        if (bytes <= MAX_BODY) chunks.push(Buffer.from(chunk));
        else reject(new Error("its answer is too long"));
      },
      onResponseEnd: (controller) => end(textOf(controller.rawTrailers)),
      onResponseError: (_, error) => reject(error),
    });
  }).finally(() => connection.release(false));
}

/** The value of a header or trailer by its lower-case name. */
export function lineOf(lines: readonly string[], name: string): string | undefined {
  const index = lines.findIndex((line, at) => at % 2 === 0 && line === name);
  return index === -1 ? undefined : lines[index + 1];
}

function textOf(raw: Dispatcher.DispatchController["rawHeaders"]): string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((part, index) => {
    const text = typeof part === "string" ? part : part.toString("latin1");
    return index % 2 === 0 ? text.toLowerCase() : text;
  });
}
