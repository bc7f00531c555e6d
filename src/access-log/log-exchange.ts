import type { FixedLength } from "../origin/known-length.ts";
import type { AccessLog } from "../table/access-log.ts";
import type { AccessData } from "./access-data.ts";
import { accessLogger } from "./access-logger.ts";
import { type AccessRecord, createAccessRecord } from "./access-record.ts";
import { watchResponse } from "./watch-response.ts";

/** What an access log needs of the program that it runs in. */
export interface AccessLogOutput {
  /** Takes a line, which has no end. */
  write: (line: string) => void;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** The runtime's way to give a stream a known length, where it has one. */
  fixedLength?: FixedLength;
}

/** What is known of a request from its beginning. */
export type AccessStart = Omit<AccessData, "durationMs" | "count" | "record" | keyof AccessEnd>;

/** What is known of it once it has ended. */
type AccessEnd = Pick<AccessData, "status" | "responseHeaders" | "responseBytes" | "extra">;

/** The access log of one program: it counts what it is told of. */
export interface AccessLogs {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Begins to log a request. A signal tells that its client has left: then it ends, if it has no answer yet. */
  begin(settings: AccessLog, start: AccessStart, signal?: AbortSignal): LoggedRequest;
}

/** What Traefik logs for a client that did not wait for its answer. */
const CLIENT_CLOSED_REQUEST = 499;

/** A request that will have its line. */
export interface LoggedRequest {
  /** Where things are noted until the request ends. */
  readonly record: AccessRecord;
  /** Writes the line, unless there is one, when the response has been sent; what it returns is sent in its place. */
  answer(response: Response, waitUntil: (work: Promise<unknown>) => void): Response;
  /** Writes the line, unless there is one, of a request that has ended otherwise. */
  end(how: AccessEnd): void;
}

export function createAccessLogs({ write: writeLine, now, fixedLength }: AccessLogOutput): AccessLogs {
  let begun = 0;
  return {
    now,
    begin(settings, start, signal) {
      begun += 1;
      const count = begun;
      const record = createAccessRecord();
      let isAnswered = false;
      const write = (how: AccessEnd): void => {
        isAnswered = true;
        const data = { ...start, ...how, count, record, durationMs: now() - start.startMs };
        const line = accessLogger(settings)(data);
        if (line !== undefined) writeLine(line);
      };
      const end = (how: AccessEnd): void => {
        if (!isAnswered) write(how);
      };
      signal?.addEventListener("abort", () =>
        end({ status: CLIENT_CLOSED_REQUEST, responseHeaders: new Headers(), responseBytes: 0 }),
      );
      return {
        record,
        end,
        answer(response, waitUntil) {
          if (isAnswered) return response;
          isAnswered = true;
          const { status, headers: responseHeaders } = response;
          return watchResponse(response, {
            method: start.method,
            isStreamed: record.origin?.response !== undefined,
            fixedLength,
            waitUntil,
            ended: (responseBytes) => write({ status, responseHeaders, responseBytes }),
          });
        },
      };
    },
  };
}
