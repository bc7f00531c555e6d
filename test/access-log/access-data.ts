import type { AccessData } from "../../src/access-log/access-data.ts";
import type { AccessLog } from "../../src/table/access-log.ts";

/** Traefik's defaults. */
export const settings = (changes: Partial<AccessLog> = {}): AccessLog => ({
  format: "json",
  fields: { default: "keep", names: {} },
  headers: { default: "drop", names: {} },
  queryParameters: true,
  ...changes,
});

/** A request to a Pod, answered. */
export const accessData = (changes: Partial<AccessData> = {}): AccessData => ({
  startMs: Date.UTC(2026, 10, 21, 13, 45, 58, 123),
  durationMs: 12,
  count: 7,
  entryPoint: "web",
  router: "default-app@kubernetescrd",
  scheme: "http",
  method: "GET",
  path: "/users",
  query: "?page=2",
  protocol: "HTTP/1.1",
  authority: "app.example.com:8080",
  clientAddress: "192.0.2.7",
  isTrusted: false,
  requestHeaders: new Headers({ "user-agent": "curl/8", referer: "https://example.com/" }),
  tls: undefined,
  record: {
    user: undefined,
    retries: 0,
    pod: undefined,
    origin: {
      service: "default-app-80",
      scheme: "http",
      address: "10.0.0.1:8080",
      durationMs: 10,
      response: { status: 200, headers: new Headers({ "content-length": "42", server: "app" }) },
    },
  },
  status: 200,
  responseHeaders: new Headers({ "content-length": "42", "content-type": "text/plain" }),
  responseBytes: 42,
  ...changes,
});
