import type { Socket } from "node:net";
import type { ServersTransport } from "../../src/table/service.ts";
import type { TcpLoadBalancer } from "../../src/table/tcp.ts";
import { authorityOf, type Target } from "../origin-gateway/target.ts";
import { type SpiffeTls, withoutSpiffe } from "../spiffe/spiffe-trust.ts";
import { dial } from "../tcp/dial.ts";
import { encryptUpstream } from "../tcp/greet-endpoint.ts";
import { peek } from "../tcp/peek.ts";
import { writeLocalProxyHeader } from "../tcp/proxy-header.ts";

type HealthCheck = NonNullable<TcpLoadBalancer["healthCheck"]>;

/** How an endpoint is probed. */
export interface Probe {
  target: Target;
  healthCheck: HealthCheck;
  loadBalancer: Pick<TcpLoadBalancer, "tls" | "proxyProtocol">;
  transport: ServersTransport | undefined;
}

/**
 * Connects to an endpoint as clients' connections do, and where it is told to sends bytes and looks how the answer
 * begins (https://doc.traefik.io/traefik/reference/routing-configuration/tcp/service/#health-check).
 *
 * @throws Error when it does not pass, in time
 */
export async function probeEndpoint(
  { target, healthCheck, loadBalancer, transport }: Probe,
  spiffe = withoutSpiffe,
): Promise<void> {
  const { timeoutMs, port, send, expect } = healthCheck;
  const { address } = target;
  const probed = port === undefined ? target : { ...target, authority: authorityOf({ address, port }) };
  const until = performance.now() + timeoutMs;
  const left = (): number => Math.max(1, Math.ceil(until - performance.now()));
  const sockets: Socket[] = [];
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const { tls: isTls, proxyProtocol } = loadBalancer;
  const open = async (tls?: SpiffeTls): Promise<Socket> => {
    const socket = await dial(probed, left());
    sockets.push(socket);
    if (proxyProtocol !== undefined) socket.write(writeLocalProxyHeader(proxyProtocol));
    return isTls ? encryptUpstream(socket, target, transport, tls, left()) : socket;
  };
  const timer = setTimeout(close, timeoutMs);
  try {
    const rule = isTls ? transport?.spiffe : undefined;
    const stream = rule === undefined ? await open() : await spiffe.connect(rule, probed.authority, open);
    if (send !== undefined) stream.write(send);
    if (expect === undefined) return;
    const wanted = Buffer.from(expect);
    const answer = await peek(stream, left(), (bytes) => {
      const seen = bytes.subarray(0, wanted.length);
      if (!seen.equals(wanted.subarray(0, seen.length))) return { value: false, take: 0 };
      return seen.length === wanted.length ? { value: true, take: 0 } : undefined;
    });
    if (answer.outcome !== "read") throw new Error("it did not answer");
    if (!answer.value) throw new Error("its answer does not begin as it should");
  } finally {
    clearTimeout(timer);
    close();
  }
}
