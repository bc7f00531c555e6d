/**
 * Every problem that Sluice reports, with its paragraph in docs/problems.md. A code never changes its meaning:
 * people filter on it.
 */
export const problemCodes = {
  "yaml-syntax": "The file is not valid YAML. Its other documents are still read.",
  "file-unreadable": "The file cannot be read, or is larger than 16 MiB.",
  "not-an-object": "A document is not a Kubernetes object: `apiVersion` or `kind` is missing or is not a string.",
  "missing-name":
    "The object has no `metadata.name`. An API server refuses it; Sluice gives it a name made from its place in the folder, so that it can be tried out.",
  "duplicate-object":
    "Two objects have the same kind, namespace and name. The last one counts, as with `kubectl apply`.",
  "object-too-large":
    "The object is larger than 1 MiB, or nested deeper than anything that routes traffic. It is left out, and so is what it was before.",
  "object-shadowed":
    "The same object exists in both of Traefik's API groups. That of `traefik.io` counts; this one has no effect.",
  "kind-forbidden":
    "The agent may not read a kind. What it read before stays; nothing newer is seen until its role allows it. It keeps trying.",
  "kind-removed":
    "The API server no longer has the kind: its CustomResourceDefinition was removed, and with it all of its objects.",
  "unsupported-kind": "The kind or its API version is one that Sluice does not read yet.",
  "unknown-field": "The field is not part of the kind. It has no effect.",
  "misplaced-field": "The field exists, but belongs to another kind or place; here it has no effect.",
  "invalid-field":
    "The value does not have the form that the field needs. The smallest part that depends on it is left out.",
  "platform-decides":
    "The field belongs to a server that one starts. What Cloudflare runs has no such thing, or decides it by itself; the message says what there is instead, and where the setting holds.",
  "unsupported-field": "The field is known, but Sluice does not do what it asks for yet.",
  "rule-syntax": "The rule does not parse. Its route is left out.",
  "rule-regexp": "A regular expression in the rule is not valid RE2. Its route is left out.",
  "rule-unreachable": "A part of the rule can never match.",
  "router-unreachable":
    "No request can reach the route: its rule contradicts itself, or routes that come before it take all of its requests.",
  "entry-point-not-found": "The route names an entry point that does not exist. It is left out of that entry point.",
  "entry-point-protocol":
    "The route names an entry point that takes another protocol: UDP has its own (`address: :53/udp`). It is left out of that entry point.",
  "entry-point-not-listening":
    "An entry point cannot be listened at, for instance since its port is in use. It is tried again; the rest runs.",
  "service-not-found":
    "The route refers to a Service that does not exist. Requests get 503; those of a HTTPRoute get 500, in proportion to the backend's weight; connections are closed.",
  "service-port-not-found":
    "The Service has no such port. Requests get 503; those of a HTTPRoute get 500, in proportion to the backend's weight; connections are closed.",
  "service-no-endpoints":
    "The Service has no endpoint that can serve. Requests get 503 and connections are closed until it has one.",
  "external-name-not-allowed":
    "The Service is of type ExternalName, which is off unless `allowExternalNameServices` is set.",
  "external-name-refused": "The ExternalName points to the loopback, or is not a host name. It is never dialled.",
  "traefik-service-not-found": "The route refers to a TraefikService that does not exist. Requests get 503.",
  "reference-cycle": "Objects refer to each other in a circle. The route that closes it answers 503.",
  "middleware-not-found":
    "The route names a Middleware that does not exist. The route is closed: it answers 503 or closes connections, and is never unguarded.",
  "middleware-invalid":
    "The Middleware cannot be built. Routes that use it are closed: they answer 503 or close connections, and are never unguarded.",
  "middleware-unsupported":
    "The middleware's type is not built yet. Routes that use it are closed: they answer 503, never unguarded.",
  "middleware-by-platform":
    "Cloudflare does what the middleware asks for by itself, so it stands for nothing. The route is served.",
  "cross-namespace-reference":
    "The object refers into another namespace, which is off unless `allowCrossNamespace` is set.",
  "cross-provider-reference": "The reference names a provider (`name@provider`) that Sluice does not have.",
  "servers-transport-not-found":
    "The service names a ServersTransport or ServersTransportTCP that does not exist. Its requests get 503, its connections are closed.",
  "weights-empty": "No child of the weighted service can get traffic.",
  "percent-out-of-range": "The mirror's percentage is not between 0 and 100. The mirror is left out.",
  "failover-not-supported":
    "Failover on status codes or health checks is not built yet; it fails over when the main service has no endpoint or cannot be reached.",
  "secret-not-found": "The object names a Secret that does not exist.",
  "seal-key-missing":
    "What the edge needs of a Secret lies in KV sealed, and there is no key to seal it with. Routes that use the Middleware are closed.",
  "user-unusable":
    "A user of a Secret cannot log in: the line is malformed, or its password is hashed in a way that the edge does not have or cannot afford. The other users can.",
  "certificate-unusable":
    "The certificate or the key of a Secret cannot be read, or the two do not belong together. The default certificate is shown in its place.",
  "tls-option-not-found":
    "The route names a TLSOption that does not exist. It is closed: the options may have asked for clients' certificates.",
  "tls-option-invalid": "The route names a TLSOption that cannot be used. It is closed.",
  "duplicate-default": "Several namespaces have an object that is the default by its name. One of them counts.",
  "router-conflict":
    "Another route of TCP or UDP takes the same: it has the same entry point, rule and priority, or for UDP just the entry point. The one of the older object serves, this one gets nothing.",
  "duplicate-router": "Two routes have the same name. The second is left out.",
  "rule-needs-tls":
    "A HostSNI rule other than `*` can only be decided on TLS. The route can match nothing without `tls`.",
  "ingress-class-not-found": "The Ingress names an IngressClass that does not exist.",
  "resource-backend": "An Ingress backend that refers to a resource is not supported, only Services.",
  "gateway-class-not-found": "The Gateway names a GatewayClass that does not exist or belongs to another controller.",
  "parent-not-found":
    "The route's parentRef names a Gateway or listener that does not exist or does not take the route.",
  "listener-conflict": "Two listeners of the Gateway claim the same port, protocol and hostname.",
  "listener-unsupported": "The listener's protocol is not served.",
  "reference-not-permitted": "A reference into another namespace has no ReferenceGrant there.",
  "backend-not-found": "The backendRef cannot be resolved. Its share of the requests gets 500.",
  "filter-unsupported":
    "The filter is not supported. Requests to the rule get 500, never an answer without the filter.",
  "host-not-attached":
    "Cloudflare does not send the host's requests to the Worker. The agent says so; `--manage-hosts` lets it attach the host.",
  "internal-error":
    "The object made its own translation fail. It is left out and the others are served; this is a fault of Sluice.",
} as const satisfies Record<string, string>;

export type ProblemCode = keyof typeof problemCodes;
