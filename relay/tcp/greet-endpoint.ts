import { once } from "node:events";
import { isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ServersTransport } from "../../src/table/service.ts";
import type { TcpLoadBalancer } from "../../src/table/tcp.ts";
import type { Target } from "../origin-gateway/target.ts";
import type { SpiffeTls } from "../spiffe/spiffe-trust.ts";
import { demandedNames, faultOfNames } from "../tls/peer-names.ts";
import { peek } from "./peek.ts";
import { writeProxyHeader } from "./proxy-header.ts";
import { SSL_REQUEST } from "./read-first-bytes.ts";
import type { RoutedConnection } from "./tcp-listener.ts";

/** How long an endpoint may take to answer PostgreSQL's question or to finish a handshake. */
const GREETING_TIMEOUT_MS = 10_000;

/**
 * Says to an endpoint what must come before the client's own bytes: who the client is, PostgreSQL's question that was
 * answered for it, TLS.
 *
 * @returns what the client's bytes go to
 * @throws when the endpoint does not agree, and then the connection to it is closed
 */
export async function greetEndpoint(
  upstream: Socket,
  target: Target,
  { proxyProtocol, tls = false }: Pick<TcpLoadBalancer, "proxyProtocol" | "tls">,
  transport: ServersTransport | undefined,
  { ends, route }: Pick<RoutedConnection, "ends" | "route">,
  spiffe?: SpiffeTls,
): Promise<Socket> {
  try {
    if (proxyProtocol !== undefined) upstream.write(writeProxyHeader(proxyProtocol, ends));
    if (route.isPostgres && (tls || route.router.tls?.passthrough)) await askForTls(upstream);
    return tls ? await encryptUpstream(upstream, target, transport, spiffe) : upstream;
  } catch (error) {
    upstream.destroy();
    throw error;
  }
}

/** The client was told that TLS may begin: its endpoint is asked as well, and its answer stays here. */
async function askForTls(upstream: Socket): Promise<void> {
  upstream.write(SSL_REQUEST);
  const answer = await peek(upstream, GREETING_TIMEOUT_MS, (bytes) => ({ value: bytes[0], take: 1 }));
  if (answer.outcome !== "read" || answer.value !== "S".charCodeAt(0))
    throw new Error("the endpoint does not take TLS");
}

/**
 * Speaks TLS to an endpoint from here on.
 *
 * @param spiffe in place of what the transport says of TLS: then who it is with is the caller's to judge
 * @throws when it does not, or shows a certificate that is not believed
 */
export async function encryptUpstream(
  upstream: Socket,
  target: Target,
  transport: ServersTransport | undefined,
  spiffe?: SpiffeTls,
  timeoutMs = GREETING_TIMEOUT_MS,
): Promise<Socket> {
  const { insecureSkipVerify, rootCAs = [], certificates = [] } = transport ?? {};
  const servername = transport?.serverName ?? (isIP(target.address) === 0 ? target.address : undefined);
  const encrypted = connectTls({
    socket: upstream,
    // What a certificate is held to where no name is given.
    host: target.address,
    rejectUnauthorized: insecureSkipVerify !== true,
    ...(servername !== undefined && { servername }),
    ...(rootCAs.length > 0 && { ca: rootCAs }),
    ...(certificates.length > 0 && {
      cert: certificates.map(({ certificate }) => certificate),
      key: certificates.map(({ key }) => key),
    }),
    ...spiffe,
  });
  // Also when nobody waits any more: an error without a listener would end the process.
  encrypted.on("error", () => {});
  await once(encrypted, "secureConnect", { signal: AbortSignal.timeout(timeoutMs) });
  const fault = faultOfNames(encrypted, demandedNames(transport));
  if (fault !== undefined) throw fault;
  return encrypted;
}
