import ipaddr from "ipaddr.js";
import { accessLog } from "./access-log.ts";
import { duration } from "./duration.ts";
import { parseAddress } from "./parse-address.ts";
import {
  bool,
  choice,
  integer,
  located,
  made,
  mapOf,
  noPlace,
  notDone,
  nothingToDo,
  object,
  switched,
  text,
  textList,
  told,
} from "./read-yaml.ts";

/**
 * The keys of Traefik's static configuration, 3.x
 * (https://doc.traefik.io/traefik/reference/install-configuration/configuration-options/): what Sluice reads of
 * them, and what it says about the rest.
 */
const zone = noPlace("notice", "Cloudflare decides it by the zone's settings");
const certificates = noPlace("notice", "certificates come from Cloudflare; `sluice dev` makes its own");
const tracing = notDone("notice");
const watching = notDone("notice", "how the cluster is reached is a setting of the sync agent");

/** Not read from here: this one would lead clients past the edge, to where Traefik listens. */
const addressByFlag = notDone("notice", "statuses tell the address of the agent's `--status-address`");

const addresses = made(textList, (list) => {
  const bad = list.find((address) => !ipaddr.isValid(address) && !ipaddr.isValidCIDR(address));
  return bad === undefined ? list : new Error(`\`${bad}\` is neither an IP address nor a CIDR block`);
});

const address = made(
  text,
  (value) => parseAddress(value) ?? new Error(`\`${value}\` is not an address such as \`:80\` or \`127.0.0.1:80/tcp\``),
);

const positiveDuration = made(duration, (ms) => (ms > 0 ? ms : new Error("the timeout must be longer than 0")));

const atRelay = "holds where the relay listens; Cloudflare has its own times for what it serves";
const onRelay = told(duration, atRelay);

const count = made(integer, (number) => (number >= 0 ? number : new Error("a number of requests is 0 or more")));

const headersStrategy = choice(["keep", "delete", "reject"]);

const entryPoint = object({
  address,
  asDefault: bool,
  forwardedHeaders: object({
    insecure: bool,
    trustedIPs: addresses,
    connection: noPlace("warning", "what `Connection` names is for one hop, and is dropped before a middleware runs"),
    notAppendXForwardedFor: noPlace("warning", "Pods are always told the client's address"),
    addXForwardedSchemeHeaders: notDone("warning", "`X-Forwarded-Proto` says it"),
  }),
  http: object({
    middlewares: textList,
    redirections: object({
      entryPoint: object({ to: located(text), scheme: text, permanent: bool, priority: integer }),
    }),
    tls: switched(
      object({
        certResolver: certificates,
        domains: certificates,
        options: noPlace("warning", "TLS ends at Cloudflare's edge; the relay's own takes the TLSOption `default`"),
      }),
    ),
    encodeQuerySemicolons: bool,
    encodedCharacters: object({
      allowEncodedSlash: bool,
      allowEncodedBackSlash: bool,
      allowEncodedNullCharacter: bool,
      allowEncodedSemicolon: bool,
      allowEncodedPercent: bool,
      allowEncodedQuestionMark: bool,
      allowEncodedHash: bool,
    }),
    maxHeaderBytes: noPlace("notice", "Cloudflare limits what it serves; a call of gRPC may have 64 KiB of headers"),
    sanitizePath: noPlace("notice", "paths are always cleaned of `//`, `.` and `..`", { unless: "true" }),
    aliasHeadersStrategy: headersStrategy,
    underscoreHeadersStrategy: headersStrategy,
  }),
  http2: zone,
  http3: zone,
  observability: object({
    accessLogs: bool,
    metrics: notDone("notice", "the relay counts for every entry point of its own, the edge in Workers Analytics"),
    tracing,
    traceVerbosity: tracing,
  }),
  allowACMEByPass: certificates,
  proxyProtocol: object({ insecure: bool, trustedIPs: addresses }),
  reusePort: nothingToDo,
  transport: object({
    lifeCycle: object({ requestAcceptGraceTimeout: duration, graceTimeOut: duration }),
    respondingTimeouts: object({ readTimeout: onRelay, writeTimeout: onRelay, idleTimeout: onRelay }),
    keepAliveMaxRequests: told(count, atRelay),
    keepAliveMaxTime: onRelay,
  }),
  udp: object({ timeout: positiveDuration }),
});

const programs = "they are flags of `sluice agent` and `sluice relay`, which write JSON to the standard output";

const levels: Readonly<Record<string, string>> = { trace: "debug", debug: "debug", info: "info", warn: "warn" };

const log = object({
  level: noPlace("notice", "it is a flag of `sluice agent` and `sluice relay`", {
    advise: (level) => `start them with \`--log-level ${levels[level.toLowerCase()] ?? "error"}\``,
  }),
  format: noPlace("notice", programs),
  noColor: noPlace("notice", programs),
  filePath: noPlace("notice", programs),
  maxSize: noPlace("notice", programs),
  maxAge: noPlace("notice", programs),
  maxBackups: noPlace("notice", programs),
  compress: noPlace("notice", programs),
  otlp: noPlace("notice", programs),
});

const namespaced = { namespaces: textList, labelSelector: text };
const cluster = {
  endpoint: watching,
  token: watching,
  certAuthFilePath: watching,
  throttleDuration: duration,
  disableClusterScopeResources: watching,
};
const services = { allowExternalNameServices: bool, allowEmptyServices: bool, nativeLBByDefault: notDone("warning") };

const otherProviders = [
  "consul",
  "consulCatalog",
  "docker",
  "ecs",
  "etcd",
  "file",
  "http",
  "knative",
  "kubernetesIngressNGINX",
  "nomad",
  "plugin",
  "redis",
  "rest",
  "swarm",
  "zooKeeper",
];
const otherProvider = notDone("warning", "there are `kubernetesCRD`, `kubernetesIngress` and `kubernetesGateway`");

export const staticSchema = object({
  entryPoints: mapOf(located(entryPoint)),
  providers: object({
    kubernetesCRD: switched(
      object({
        ...namespaced,
        ...cluster,
        ...services,
        ingressClass: text,
        allowCrossNamespace: bool,
        crossProviderNamespaces: notDone("warning"),
      }),
    ),
    kubernetesIngress: switched(
      object({
        ...namespaced,
        ...cluster,
        ...services,
        ingressClass: text,
        disableIngressClassLookup: notDone("warning"),
        strictPrefixMatching: bool,
        ingressEndpoint: addressByFlag,
        crossProviderNamespaces: notDone("warning"),
      }),
    ),
    kubernetesGateway: switched(
      object({
        ...cluster,
        namespaces: notDone("warning", "every namespace is read"),
        labelSelector: notDone("warning", "every object is read"),
        nativeLBByDefault: notDone("warning"),
        experimentalChannel: nothingToDo,
        statusAddress: addressByFlag,
        crossProviderNamespaces: notDone("warning"),
      }),
    ),
    providersThrottleDuration: duration,
    ...Object.fromEntries(otherProviders.map((name) => [name, otherProvider])),
  }),
  accessLog,
  api: noPlace(
    "notice",
    "the edge has an admin API (`/api/rawdata`), which the variables ADMIN_HOST or ADMIN_PATH and ADMIN_KEYS turn on",
  ),
  certificatesResolvers: certificates,
  core: notDone("warning", "set `syntax: v2` on the routes that need it"),
  experimental: notDone("warning"),
  global: nothingToDo,
  hostResolver: notDone("warning"),
  log,
  metrics: noPlace(
    "notice",
    "agent and relay tell their metrics to Prometheus at `/metrics` of `--operations`; Cloudflare counts the Worker's",
  ),
  ocsp: certificates,
  ping: noPlace("notice", "agent and relay answer `/ping` at `--operations`, the edge on its admin API"),
  serversTransport: notDone("warning", "name a ServersTransport object in the service instead"),
  spiffe: object({
    workloadAPIAddr: noPlace(
      "warning",
      "the relay is told it: `--spiffe-endpoint`, the variable SPIFFE_ENDPOINT_SOCKET, or `relay.spiffe` of the chart",
    ),
  }),
  tcpServersTransport: notDone("warning", "name a ServersTransportTCP object in the service instead"),
  tracing,
});
