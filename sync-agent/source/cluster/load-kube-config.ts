import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type KubeAccess, KubeConfigError } from "./kube-access.ts";
import { kubeconfigAccess } from "./kubeconfig-access.ts";
import { tokenAccess } from "./token-access.ts";

export interface KubeConfigOptions {
  /** A kubeconfig file. */
  kubeconfig?: string;
  /** The API server's URL, instead of a kubeconfig. */
  endpoint?: string;
  tokenFile?: string;
  caFile?: string;
}

/** What is around the program; tests have their own. */
export interface Surroundings {
  env: Record<string, string | undefined>;
  home: string;
  /** Where a Pod finds its service account. */
  serviceAccount: string;
}

const surroundings = (): Surroundings => ({
  env: process.env,
  home: homedir(),
  serviceAccount: "/var/run/secrets/kubernetes.io/serviceaccount",
});

/**
 * The way to the API server: by the kubeconfig or the endpoint that is named, else by the service account when this is a
 * Pod, else by `$KUBECONFIG` or `~/.kube/config` as kubectl reads them.
 *
 * @throws KubeConfigError
 */
export async function loadKubeConfig(
  { kubeconfig, endpoint, tokenFile, caFile }: KubeConfigOptions = {},
  { env, home, serviceAccount }: Surroundings = surroundings(),
): Promise<KubeAccess> {
  if (kubeconfig !== undefined) {
    if (endpoint !== undefined) throw new KubeConfigError("Give a kubeconfig or an endpoint, not both");
    return kubeconfigAccess([kubeconfig]);
  }
  if (endpoint !== undefined) {
    const server = checkUrl(endpoint);
    for (const file of [tokenFile, caFile]) if (file !== undefined) checkReadable(file);
    return tokenAccess({ server, ...(tokenFile && { tokenFile }), ...(caFile && { caFile }) });
  }
  if (tokenFile !== undefined || caFile !== undefined) {
    throw new KubeConfigError("A token file and a CA file belong to an endpoint: name it");
  }
  const token = join(serviceAccount, "token");
  const host = env.KUBERNETES_SERVICE_HOST;
  if (host && existsSync(token)) {
    const namespaceFile = join(serviceAccount, "namespace");
    return tokenAccess({
      server: `https://${host.includes(":") ? `[${host}]` : host}:${env.KUBERNETES_SERVICE_PORT || "443"}`,
      tokenFile: token,
      caFile: join(serviceAccount, "ca.crt"),
      ...(existsSync(namespaceFile) && { namespace: readFileSync(namespaceFile, "utf8").trim() }),
    });
  }
  const files = env.KUBECONFIG?.split(":").filter((file) => file !== "") ?? [];
  const found = files.length > 0 ? files : [join(home, ".kube", "config")].filter((file) => existsSync(file));
  if (found.length === 0) {
    throw new KubeConfigError(
      "There are no credentials for an API server: this is no Pod, $KUBECONFIG is not set and there is no ~/.kube/config",
    );
  }
  return kubeconfigAccess(found);
}

function checkUrl(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    throw new KubeConfigError(
      `The endpoint ${endpoint} is not the URL of an API server, such as https://10.0.0.1:6443`,
    );
  }
  return endpoint;
}

function checkReadable(file: string): void {
  try {
    readFileSync(file);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? error.code : error;
    throw new KubeConfigError(`The file ${file} cannot be read: ${reason}`, { cause: error });
  }
}
