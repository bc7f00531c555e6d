import { type Dispatcher, EnvHttpProxyAgent, fetch as fetchByDispatcher } from "undici";

/** What sends a request to Cloudflare, as `fetch` does. */
export type Fetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What requests to Cloudflare go by: the proxy that HTTPS_PROXY names, for hosts that NO_PROXY does not, as curl and
 * kubectl read them, small letters first. The API server is reached by the cluster's own network, and by a proxy only
 * where its kubeconfig has a `proxy-url`.
 *
 * @throws TypeError for a proxy that is no URL of HTTP
 */
export function proxiedFetch(env: Environment): Fetch {
  const httpsProxy = env.https_proxy || env.HTTPS_PROXY;
  if (!httpsProxy) return fetch;
  const dispatcher = new EnvHttpProxyAgent({
    httpsProxy,
    httpProxy: env.http_proxy || env.HTTP_PROXY || "",
    noProxy: env.no_proxy || env.NO_PROXY || "",
  });
  // Node's own `fetch` takes dispatchers of its own version of undici only.
  const send = fetchByDispatcher as unknown as (
    url: string | URL | Request,
    init: Omit<RequestInit, "dispatcher"> & { dispatcher: Dispatcher },
  ) => Promise<Response>;
  return (url, init) => send(url, { ...init, dispatcher });
}
