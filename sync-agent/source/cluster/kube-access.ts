/** Where an API server is, and what proves to it who asks. */
export interface KubeAccess {
  /** Its URL, which may have a path. */
  readonly server: string;
  /** That of the context or service account; undefined when neither names one. */
  readonly namespace: string | undefined;
  /** What the next request needs. Files are read anew, so that what rotates is followed. */
  credentials(): Promise<Credentials>;
  /** The server has refused the credentials: whatever was cached is made anew. */
  renew(): void;
}

export interface Credentials {
  headers: Record<string, string>;
  tls: TlsOptions;
  /** The URL of an HTTP or SOCKS proxy. */
  proxy?: string;
}

/** As `node:tls` takes them. */
interface TlsOptions {
  ca?: string;
  cert?: string;
  key?: string;
  passphrase?: string;
  servername?: string;
  rejectUnauthorized?: boolean;
}

/** No credentials can be had from what was given: nothing that waiting would mend. */
export class KubeConfigError extends Error {
  override readonly name = "KubeConfigError";
}
