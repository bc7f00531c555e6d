import { readFile } from "node:fs/promises";
import type { Credentials, KubeAccess } from "./kube-access.ts";

export interface TokenAccessOptions {
  server: string;
  tokenFile?: string;
  /** PEM. Without it the system's authorities are trusted. */
  caFile?: string;
  namespace?: string;
}

/**
 * Access by a token file and a CA file, as every Pod has them. The kubelet exchanges a token some time before it
 * ends (https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken): the files are small, and
 * reading them for each request leaves no time in which an old one could be used.
 */
export function tokenAccess({ server, tokenFile, caFile, namespace }: TokenAccessOptions): KubeAccess {
  const credentials = async (): Promise<Credentials> => {
    const [token, ca] = await Promise.all([readText(tokenFile), readText(caFile)]);
    return {
      headers: token === undefined ? {} : { authorization: `Bearer ${token.trim()}` },
      tls: ca === undefined ? {} : { ca },
    };
  };
  return { server, namespace, credentials, renew() {} };
}

const readText = async (file: string | undefined): Promise<string | undefined> =>
  file === undefined ? undefined : readFile(file, "utf8");
