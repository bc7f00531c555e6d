import type { HealthCheck, LoadBalancer, ServersTransport } from "../../src/table/service.ts";
import { clientOptions, http2Options } from "../origin-gateway/connect-options.ts";
import type { ConnectionPool } from "../origin-gateway/connection.ts";
import { Http1Pool } from "../origin-gateway/http1-pool.ts";
import { Http2Pool } from "../origin-gateway/http2-pool.ts";
import { authorityOf, type Target } from "../origin-gateway/target.ts";
import { withoutSpiffe } from "../spiffe/spiffe-trust.ts";
import { askOnce, lineOf, type ProbeAnswer } from "./ask-once.ts";
import { checkGrpcHealth } from "./grpc-health.ts";

/** How an endpoint of a load balancer is probed. */
export interface HttpProbe {
  target: Pick<Target, "address" | "authority">;
  healthCheck: HealthCheck;
  /** What requests are sent with. */
  scheme: LoadBalancer["scheme"];
  transport: ServersTransport | undefined;
}

/** As many as Go's client follows. */
const MAX_REDIRECTS = 10;
const USER_AGENT = "sluice-health-check";

/**
 * Asks an endpoint how it is, over a connection of its own, with the certificates and the trust that requests are sent
 * with (https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/#health-check).
 *
 * @throws Error when it does not pass, in time
 */
export async function probeHttp(
  { target, healthCheck, scheme, transport }: HttpProbe,
  spiffe = withoutSpiffe,
): Promise<void> {
  const { address } = target;
  const { mode, port, timeoutMs } = healthCheck;
  const asked = healthCheck.scheme ?? scheme;
  const spoken = mode === "grpc" && asked === "http" ? "h2c" : asked;
  const authority = port === undefined ? target.authority : authorityOf({ address, port });
  const origin = `${spoken === "https" ? "https" : "http"}://${authority}`;
  const pool: ConnectionPool =
    mode === "grpc" || spoken === "h2c"
      ? new Http2Pool(origin, http2Options(transport, { address, authority }, spiffe))
      : new Http1Pool(origin, clientOptions(transport, { address, authority }, spiffe), 0, Date.now);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("it did not answer in time")), timeoutMs);
  const host = healthCheck.hostname ?? authority;
  try {
    await Promise.race([
      mode === "grpc" ? checkGrpcHealth(pool, host, USER_AGENT) : checkHttp(pool, origin, host, healthCheck),
      late,
    ]);
  } finally {
    clearTimeout(timer);
    await pool.destroy();
  }
}

async function checkHttp(pool: ConnectionPool, origin: string, host: string, healthCheck: HealthCheck): Promise<void> {
  const { method, status, followRedirects } = healthCheck;
  const base = `${origin.slice(0, origin.indexOf("//"))}//${host}`;
  const headers = headersOf(host, healthCheck);
  let url = new URL(`${base}${healthCheck.path}`);
  for (let redirects = 0; ; redirects++) {
    const answer = await askOnce(pool, { path: url.pathname + url.search, method, headers, body: null }, false);
    const next = followRedirects && redirects < MAX_REDIRECTS ? redirectOf(answer, url) : undefined;
    if (next === undefined) {
      const passes = status === undefined ? answer.status >= 200 && answer.status < 400 : answer.status === status;
      if (!passes) throw new Error(`it answered ${answer.status}`);
      return;
    }
    url = next;
  }
}

function headersOf(host: string, { headers }: HealthCheck): string[] {
  const lines = ["host", host];
  for (const [name, value] of Object.entries(headers)) {
    // Host has a field of its own.
    if (name.toLowerCase() !== "host") lines.push(name, value);
  }
  return lineOf(
    lines.map((line) => line.toLowerCase()),
    "user-agent",
  ) === undefined
    ? [...lines, "user-agent", USER_AGENT]
    : lines;
}

/** Where a redirect leads within the same host: a probe asks nobody else. */
function redirectOf({ status, headers }: ProbeAnswer, url: URL): URL | undefined {
  if (status < 300 || status > 399) return undefined;
  const location = lineOf(headers, "location");
  if (location === undefined || !URL.canParse(location, url.href)) return undefined;
  const next = new URL(location, url);
  return next.origin === url.origin ? next : undefined;
}
