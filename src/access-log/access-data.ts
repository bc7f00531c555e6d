import type { AccessRecord } from "./access-record.ts";

/** All that is known of a request once it has ended. */
export interface AccessData {
  /** Milliseconds since the epoch. */
  startMs: number;
  durationMs: number;
  /** How many requests this isolate or process had begun to log. */
  count: number;
  entryPoint: string;
  /** Undefined when none took it. */
  router: string | undefined;
  scheme: "http" | "https";
  method: string;
  /** Escaped, as the client sent it. */
  path: string;
  /** With its `?`, or empty. */
  query: string;
  /** `HTTP/2`. */
  protocol: string;
  /** The Host that the client sent. */
  authority: string;
  /** The peer's IP address. */
  clientAddress: string;
  /** Whether its X-Forwarded-For is believed. */
  isTrusted: boolean;
  requestHeaders: Headers;
  tls: { version: string; cipher: string; clientSubject: string } | undefined;
  record: AccessRecord;
  /** Undefined when the client went away before there was an answer. */
  status: number | undefined;
  responseHeaders: Headers;
  /** Bytes of the body that were sent; undefined when they were not counted. */
  responseBytes: number | undefined;
  /** Fields that only one program has. */
  extra?: Readonly<Record<string, string | number>> | undefined;
}
