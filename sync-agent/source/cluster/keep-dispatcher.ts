import { Agent, type Dispatcher, ProxyAgent, Socks5ProxyAgent } from "undici";
import type { Credentials } from "./kube-access.ts";

/** As client-go: shorter than what load balancers allow an idle connection. */
const TCP_KEEP_ALIVE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;

export interface DispatcherKeeper {
  /** The same one until its CA, client certificate or proxy change. */
  for(credentials: Credentials): Dispatcher;
  destroy(): Promise<void>;
}

/**
 * Keeps one pool of connections: a pool made anew for each request costs a handshake and leaves a socket each time. One
 * that has been replaced ends when its last request does, so that running watches are not cut.
 */
export function keepDispatcher(): DispatcherKeeper {
  let current: { key: string; dispatcher: Dispatcher } | undefined;
  const all = new Set<Dispatcher>();
  return {
    for({ tls, proxy }) {
      const key = JSON.stringify([tls, proxy]);
      if (current?.key === key) return current.dispatcher;
      const old = current?.dispatcher;
      const dispatcher = makeDispatcher(tls, proxy);
      current = { key, dispatcher };
      all.add(dispatcher);
      old?.close().finally(() => all.delete(old));
      return dispatcher;
    },
    async destroy() {
      await Promise.all([...all].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

function makeDispatcher(tls: Credentials["tls"], proxy: string | undefined): Dispatcher {
  const connect = {
    ...tls,
    timeout: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  };
  // Time-outs are the caller's: a watch may be silent for minutes.
  const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
  if (proxy === undefined) return new Agent({ ...timeouts, connect });
  if (proxy.startsWith("socks")) return new Socks5ProxyAgent(proxy, { ...timeouts, requestTls: tls });
  return new ProxyAgent({ ...timeouts, uri: proxy, requestTls: tls, connect });
}
