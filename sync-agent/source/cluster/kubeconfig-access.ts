import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { type Credentials, type KubeAccess, KubeConfigError } from "./kube-access.ts";

/** A server that refuses new credentials too must not have a plugin run for each of its answers. */
const RENEW_AFTER_MS = 5_000;

/**
 * Access by kubeconfig files, read by `@kubernetes/client-node`: contexts, client certificates, exec and auth plugins. The
 * package takes 85 MiB of memory, so it is loaded only when there is a kubeconfig; an agent in a cluster needs none.
 * Of several files the first that names a current context decides, as with kubectl.
 *
 * @throws KubeConfigError
 */
export async function kubeconfigAccess(files: readonly string[]): Promise<KubeAccess> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const name = `The kubeconfig ${files.join(":")}`;
  const load = (): KubeConfig => {
    const whole = new KubeConfig();
    try {
      for (const file of files) {
        const config = new KubeConfig();
        config.loadFromFile(file);
        whole.mergeConfig(config, Boolean(whole.currentContext));
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
      throw new KubeConfigError(`${name} cannot be read: ${reason}`, { cause: error });
    }
    return whole;
  };
  /** The current context alone, in a form that the package serves. */
  const read = (): { config: KubeConfig; server: string; namespace: string | undefined } => {
    const whole = load();
    const cluster = whole.getCurrentCluster();
    if (!cluster?.server) throw new KubeConfigError(`${name} has no current context that names a cluster`);
    const config = new KubeConfig();
    // The package refuses plain HTTP unless TLS is not to be verified; kubectl takes it.
    const skipTLSVerify = cluster.skipTLSVerify || cluster.server.startsWith("http:");
    config.loadFromClusterAndUser({ ...cluster, skipTLSVerify }, whole.getCurrentUser() ?? { name: "anonymous" });
    return { config, server: cluster.server, namespace: whole.getContextObject(whole.currentContext)?.namespace };
  };
  const { server, namespace, config: first } = read();
  let config = first;
  let renewedAt = Number.NEGATIVE_INFINITY;
  return {
    server,
    namespace,
    credentials: () => readCredentials(config),
    renew() {
      if (performance.now() - renewedAt < RENEW_AFTER_MS) return;
      renewedAt = performance.now();
      try {
        config = read().config;
      } catch {
        // A file that is just being written: what it said last stays.
      }
    },
  };
}

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim();
  if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  const { ca, cert, key, passphrase, servername, rejectUnauthorized } = options;
  const proxy = config.getCurrentCluster()?.proxyUrl;
  return {
    headers,
    tls: {
      ...(ca ? { ca: String(ca) } : {}),
      ...(cert ? { cert: String(cert) } : {}),
      ...(key ? { key: String(key) } : {}),
      ...(passphrase ? { passphrase } : {}),
      ...(servername ? { servername } : {}),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    },
    ...(proxy ? { proxy } : {}),
  };
}
