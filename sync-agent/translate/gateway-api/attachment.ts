/** One host by which a route is reached, on one entry point. */
export interface Attachment {
  entryPoint: string;
  tls: boolean;
  /** TLS: the Pod ends it. */
  passthrough: boolean;
  /** The listener's port. */
  port: number;
  host: string;
  /** The host as the route has it. */
  routeHost: string;
  /** Hosts below `host` that belong to more specific listeners of the Gateway. */
  except: readonly string[];
}
