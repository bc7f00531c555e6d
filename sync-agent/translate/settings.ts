import type { AccessLog } from "../../src/table/access-log.ts";
import type { EntryPoint, RelayEntryPoint } from "../../src/table/entry-point.ts";
import type { MiddlewareOptions } from "../../src/table/middleware.ts";

/** What Traefik's static configuration says that the translation depends on. Names and defaults are Traefik's unless noted. */
export interface TranslateSettings {
  /** HTTP entry points by name, in the order of the configuration. */
  entryPoints: Record<string, EntryPointSettings>;
  /** Where the relay listens once a route of TCP or UDP is on it: the HTTP ones as well, and those of UDP. */
  relayEntryPoints: Record<string, RelayEntryPointSettings>;
  /** Unset: requests are not logged. */
  accessLog?: AccessLogSettings;
  crd: ProviderSettings;
  ingress: ProviderSettings;
  /** Gateway API: the controller whose GatewayClasses are taken. */
  gatewayControllerName: string;
  /** Seals what the edge needs of Secrets. Unset: what needs one is closed. */
  sealKey?: Uint8Array;
}

export interface AccessLogSettings extends AccessLog {
  /** Whether what Sluice answers for an entry point itself is logged as well: its redirects. */
  addInternals: boolean;
}

export interface EntryPointSettings {
  port: number;
  /** Taken by routers that name no entry point; when none has it, all have it. */
  asDefault?: boolean;
  /** Routers on it use TLS unless they say otherwise. */
  tls?: boolean;
  /** Middlewares of every router on it: names as `namespace-name@kubernetescrd`. */
  middlewares?: string[];
  forwardedHeaders?: { insecure?: boolean; trustedIps?: string[] };
  /** Which encoded characters paths may have. Unset: all, as in Traefik. */
  encodedCharacters?: Omit<MiddlewareOptions<"encodedCharacters">, "type">;
  encodeQuerySemicolons?: boolean;
  aliasHeaders?: EntryPoint["aliasHeaders"];
  /** Whether routers that do not say it themselves are in the access log. Unset: they are. */
  accessLogs?: boolean;
  redirect?: { to: string; scheme: string; permanent: boolean; priority?: number };
}

export interface RelayEntryPointSettings extends RelayEntryPoint {
  /** TCP: taken by routers that name no entry point; when none has it, all have it. */
  asDefault?: boolean;
}

export interface ProviderSettings {
  /** Unset: objects without a class, or with the class `traefik`. */
  ingressClass?: string;
  /** A Kubernetes label selector. */
  labelSelector?: string;
  /** Unset: all. */
  namespaces?: string[];
  allowCrossNamespace: boolean;
  allowExternalNameServices: boolean;
  /** Default true, unlike Traefik: a service without endpoints answers 503 instead of taking its route down. */
  allowEmptyServices: boolean;
  /** Ingress only: prefixes match whole path elements (`/a` not `/ab`). Unset: byte-wise, as in Traefik. */
  strictPrefixMatching?: boolean;
}

const provider = (): ProviderSettings => ({
  allowCrossNamespace: false,
  allowExternalNameServices: false,
  allowEmptyServices: true,
});

/** `web` on 80 and `websecure` on 443, every other setting at its default. */
export const defaultSettings = (): TranslateSettings => ({
  entryPoints: { web: { port: 80 }, websecure: { port: 443 } },
  relayEntryPoints: {
    web: { protocol: "tcp", host: "", port: 80 },
    websecure: { protocol: "tcp", host: "", port: 443 },
  },
  crd: provider(),
  ingress: provider(),
  gatewayControllerName: "sluice.dev/gateway-controller",
});
