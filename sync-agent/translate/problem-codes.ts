/**
 * Every problem that Sluice reports, with its paragraph in docs/problems.md. A code never changes its meaning:
 * people filter on it.
 */
export const problemCodes = {
  "yaml-syntax":
    "The file is not valid YAML. Its other documents are still read. Mend the line that is named; often it is a tab, a wrong indentation or a missing quote.",
  "file-unreadable": "The file cannot be read, or is larger than 16 MiB. Let the process read it, or split it.",
  "not-an-object":
    "A document is not a Kubernetes object: `apiVersion` or `kind` is missing or is not a string. Write both, or keep files that are no manifests out of the folder.",
  "missing-name":
    "The object has no `metadata.name`. An API server refuses it; Sluice gives it a name made from its place in the folder, so that it can be tried out.",
  "duplicate-object":
    "Two objects have the same kind, namespace and name. The last one counts, as with `kubectl apply`. Take one of them away, or give it a name of its own.",
  "object-too-large":
    "The object is larger than 1 MiB, or nested deeper than anything that routes traffic. It is left out, and so is what it was before. Split it: a route with thousands of rules is better as several objects.",
  "object-shadowed":
    "The same object exists in both of Traefik's API groups. That of `traefik.io` counts; this one has no effect. Delete the one of `traefik.containo.us`.",
  "kind-forbidden":
    "The agent may not read a kind. What it read before stays; nothing newer is seen until its role allows it. It keeps trying. The chart's role has all that is needed; give the agent's ServiceAccount `get`, `list` and `watch` for the kind.",
  "kind-removed":
    "The API server no longer has the kind: its CustomResourceDefinition was removed, and with it all of its objects. Install it again, or take no notice when the kind is not used any more.",
  "version-distrusted":
    "The API server's watch told of an object without a `resourceVersion`, or with one older than what it had told before. All objects of the kind are read again, so nothing is missed, and changes show later than they would. Look at what answers for the API server: a proxy, an aggregated server, an etcd that was restored.",
  "unsupported-kind":
    "The kind or its API version is one that Sluice does not read, or its name is misspelt. Write what it asks for in a kind that is read ([all of them](kinds.md)), or leave it where another controller serves it.",
  "unknown-field":
    "The field is not part of the kind. It has no effect. Mend the name (the nearest known one is proposed), or leave it out.",
  "misplaced-field":
    "The field exists, but belongs to another kind or place; here it has no effect. Move it to the place that the hint names.",
  "invalid-field":
    "The value does not have the form that the field needs. The smallest part that depends on it is left out. Write it in the form that the message names.",
  "platform-decides":
    "The field belongs to a server that one starts. What Cloudflare runs has no such thing, or decides it by itself; the message says what there is instead, and where the setting holds.",
  "unsupported-field":
    "The field is known, and Sluice does not do what it asks for. What it asks for is not served; the message says what happens instead. Leave it out, or do it as the hint says. [Compatibility](compatibility.md) lists all such fields.",
  "rule-syntax":
    "The rule does not parse. Its route is left out. Mend the rule at the place that is underlined; a rule is made of matchers such as ``Host(`a.example`)``, `&&`, `||`, `!` and parentheses.",
  "rule-regexp":
    "A regular expression in the rule is not valid RE2. Its route is left out. Write it without lookarounds and backreferences, which RE2 does not have.",
  "rule-unreachable":
    "A part of the rule can never match, so that the route takes less than it seems to. Take the part out, or mend it: it asks for what no request can have.",
  "router-unreachable":
    "No request can reach the route: its rule contradicts itself or those of the routes above it, or routes that come before it take all of its requests. Mend the rule, give the route a higher `priority`, or take it away.",
  "entry-point-not-found":
    "The route names an entry point that does not exist. It is left out of that entry point. Name one that there is, or add it to the static configuration.",
  "entry-point-protocol":
    "The route names an entry point that takes another protocol: UDP has its own (`address: :53/udp`). It is left out of that entry point. Name one of the route's own protocol.",
  "entry-point-not-listening":
    "An entry point cannot be listened at, for instance since its port is in use. It is tried again; the rest runs. Free the port, or give the entry point another address.",
  "service-not-found":
    "The route refers to a Service that does not exist. Requests get 503; those of a HTTPRoute get 500, in proportion to the backend's weight; connections are closed. Create the Service, or mend the name; Services of other namespaces need `namespace`. A BackendTLSPolicy for such a Service holds for nothing.",
  "service-port-not-found":
    "The Service has no such port. Requests get 503; those of a HTTPRoute get 500, in proportion to the backend's weight; connections are closed. Name a port that the Service has, by number or by name.",
  "service-no-endpoints":
    "The Service has no endpoint that can serve. Requests get 503 and connections are closed until it has one. Look at its Pods: `kubectl get endpointslices -l kubernetes.io/service-name=NAME`.",
  "external-name-not-allowed":
    "The Service is of type ExternalName, which is off unless `allowExternalNameServices` is set. Set it in the provider, if whoever may create Services may also send requests to any host.",
  "external-name-refused":
    "The ExternalName points to the loopback, or is not a host name. It is never dialled. Name a host outside the cluster.",
  "traefik-service-not-found":
    "The route refers to a TraefikService that does not exist. Requests get 503. Create it, or mend the name.",
  "reference-cycle":
    "Objects refer to each other in a circle. The route that closes it answers 503. Take one of the references out.",
  "middleware-not-found":
    "The route names a Middleware that does not exist. The route is closed: it answers 503 or closes connections, and is never unguarded. Create the Middleware, or take it out of the route's list.",
  "middleware-invalid":
    "The Middleware cannot be built. Routes that use it are closed: they answer 503 or close connections, and are never unguarded. Mend the Middleware: its own problem says what is wrong.",
  "middleware-unsupported":
    "The middleware is a plugin of Traefik, which does not run at the edge. Routes that use it are closed: they answer 503, never unguarded. Take it out of the route if the route may be served without it.",
  "middleware-by-platform":
    "Cloudflare does what the middleware asks for by itself, so it stands for nothing. The route is served. Nothing needs to be done; to change what Cloudflare does, use the zone's settings.",
  "cross-namespace-reference":
    "The object refers into another namespace, which is off unless `allowCrossNamespace` is set. Set it in the provider, or move one of the objects.",
  "cross-provider-reference":
    "The reference names a provider (`name@provider`) that Sluice does not have. Name an object of Kubernetes: `<namespace>-<name>@kubernetescrd`.",
  "servers-transport-not-found":
    "The service names a ServersTransport or ServersTransportTCP that does not exist. Its requests get 503, its connections are closed. Create it in the service's namespace, or mend the name.",
  "weights-empty": "No child of the weighted service can get traffic. Give one child a weight above 0.",
  "service-too-large":
    "More services stand behind this one than a request should have to ask. A service counts as often as it is referred to, over any number of steps: two references to a TraefikService that has two again are four. Requests get 503. Refer to each service once, with all of its weight.",
  "percent-out-of-range":
    "The mirror's percentage is not between 0 and 100. The mirror is left out. Write a number from 0 to 100.",
  "failover-body-limit":
    "`maxRequestBodyBytes` is more than the edge can keep: of a request's body at most 1 MiB is kept for the fallback. When the main service has read more of it, the client gets that service's answer.",
  "secret-not-found":
    "The object names a Secret that does not exist. Create it in the object's namespace, or mend the name.",
  "config-map-not-found":
    "The object names a ConfigMap that does not exist. Create it in the object's namespace, or mend the name. The agent reads only ConfigMaps that are named; it must be allowed to.",
  "seal-key-missing":
    "What the edge needs of a Secret lies in KV sealed, and there is no key to seal it with. Routes that use the Middleware are closed. Make a key and give it to the Worker and the agent, as [deploy](deploy.md) shows.",
  "user-unusable":
    "A user of a Secret cannot log in: the line is malformed, or its password is hashed in a way that the edge does not have or cannot afford. The other users can. Hash the password anew: `htpasswd -B`, or `htdigest` for the realm.",
  "certificate-unusable":
    "The certificate or the key of a Secret cannot be read, or the two do not belong together. The default certificate is shown in its place. Put a certificate and its key into the Secret as PEM, in `tls.crt` and `tls.key`. Or a Secret or ConfigMap holds no certificates of authorities that can be read: Pods are believed by the others that are named; by a BackendTLSPolicy that has none nobody is believed. Put them there as PEM, in `ca.crt`.",
  "tls-option-not-found":
    "The route names a TLSOption that does not exist. It is closed: the options may have asked for clients' certificates. Create it, or mend the name.",
  "tls-option-invalid":
    "The route names a TLSOption that cannot be used. It is closed. Mend the TLSOption: its own problem says what is wrong.",
  "duplicate-default":
    "Several namespaces have an object that is the default by its name. One of them counts. Keep one of them, and give the others names that routes refer to.",
  "router-conflict":
    "Another route of TCP or UDP takes the same: it has the same entry point, rule and priority, or for UDP just the entry point. The one of the older object serves, this one gets nothing. Give one of them another entry point, rule or priority.",
  "duplicate-router":
    "Two routes of one object have the same rule, and so the same name. The second is left out. Put their services into one route, or tell the rules apart.",
  "rule-needs-tls":
    "A HostSNI rule other than `*` can only be decided on TLS. The route can match nothing without `tls`. Add `tls: {}`, or `tls: { passthrough: true }`; or match ``HostSNI(`*`)``.",
  "ingress-class-not-found":
    "The Ingress names an IngressClass that does not exist. Create it with the controller `traefik.io/ingress-controller`, or leave it so when the class is another controller's.",
  "resource-backend": "An Ingress backend that refers to a resource is not supported, only Services. Name a Service.",
  "gateway-class-not-found":
    "The Gateway names a GatewayClass that does not exist or belongs to another controller. Create the class with the controllerName `traefik.io/gateway-controller`, or leave it so when the Gateway is another controller's.",
  "parent-not-found":
    "The route's parentRef names a Gateway or listener that does not exist or does not take the route; of an IngressRoute: another IngressRoute that does not exist or cannot be used. Mend the name, or let the listener take the route (`allowedRoutes`).",
  "parent-has-services":
    "The IngressRoute that `parentRefs` names has services in all of its routes, which go on getting the requests; nothing can stand below them. Take the services out of the parent's route, and give them to a route below it.",
  "parent-cycle":
    "The IngressRoute that `parentRefs` names stands below the object itself. The reference is left out, and the object is served by way of its other parents, when it has any. Take one reference out of the circle.",
  "parent-unreachable":
    "No request can reach the IngressRoute that `parentRefs` names, since it is left out itself, or leads to no route at the top. Mend what its own problems say.",
  "root-only-field":
    "`entryPoints` and `tls` belong to the route at the top. The routes of an IngressRoute that has them as well as `parentRefs` are left out, as in Traefik, since the fields may be meant to keep others out. Write them into the IngressRoute that has no parents.",
  "too-many-routes":
    "More routes stand below the routes of an IngressRoute than can be published with it. Those of the lowest priority are left out. Give some of them the parent's rule and middlewares, and no parent. As a warning: so many references stand above an IngressRoute that nobody looks whether requests reach its parents. It is served where they do; name fewer parents. A route of Gateway API is left out when its matches, each for every host by which a listener takes it, are more than 10,000: name fewer listeners, or make several routes of it.",
  "listener-conflict":
    "Two listeners of the Gateway claim the same port, protocol and hostname. Give one of them another port or hostname; the first serves until then.",
  "listener-unsupported":
    "The listener cannot be served: its protocol is none that there is, or it asks of TLS what is not done. It is left out, and the others serve.",
  "reference-not-permitted":
    "A reference into another namespace has no ReferenceGrant there. Create a ReferenceGrant in the namespace that is referred to.",
  "backend-not-found":
    "The backendRef cannot be resolved. Its share of the requests gets 500. Name a Service that exists, with a port of it.",
  "backend-tls-invalid":
    "A BackendTLSPolicy holds for the Service that the backendRef names, and cannot be used: nobody can be believed by it. Nothing is sent to the Service: its share of the requests gets 500, its connections are closed. Mend the BackendTLSPolicy: its own problems say what is wrong.",
  "policy-conflict":
    "Another BackendTLSPolicy has the same target. The older one holds, of equally old ones the first by name. Keep one of them, or let one name a port (`sectionName`): that goes before one for the whole Service.",
  "filter-unsupported":
    "The filter is not supported. Requests to the rule get 500, never an answer without the filter. Take the filter out, or do the same with a Middleware that an `ExtensionRef` names.",
  "host-not-attached":
    "Cloudflare does not send the host's requests to the Worker. The agent says so; `--manage-hosts` lets it attach the host.",
  "problems-cut":
    "The object has more problems than are told one by one; errors are told first. Mend those that are told, and look again.",
  "internal-error":
    "The object made its own translation fail. It is left out and the others are served; this is a fault of Sluice. Please report it with the object.",
} as const satisfies Record<string, string>;

export type ProblemCode = keyof typeof problemCodes;
