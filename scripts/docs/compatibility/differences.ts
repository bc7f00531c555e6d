import { MAX_FORWARDED_BODY } from "../../../src/middleware/forward-auth.ts";

const SESSION_NAME =
  "With several backends it is the session with one of them; a second cookie or header, with `-pod` behind the name, is the one with a Pod, and who sends both back stays with that.";

/**
 * What is done, and done otherwise than in Traefik (or than Gateway API asks for): by kind, or by the name of a shared
 * part, and field. What is not done at all needs no line here, since its problem says it.
 */
export const differences: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  IngressRoute: {
    "spec.routes[].match":
      "A repeated header's lines come joined, so `Header` compares the whole value and each part between `, `. Regular expressions are RE2 in both. Sluice adds `Cookie`, `CookieRegexp`, `Country` and `Percent`.",
    "spec.routes[].priority":
      "Among equals the older object comes first, then namespace and name; Traefik's order among equals is not defined.",
    "spec.routes[].middlewares[].name":
      "A middleware that is missing or cannot be built closes the route: 503. Traefik drops the route, and its requests fall to a lower one.",
    "spec.parentRefs[].name":
      "A parent that is not there is reported, and the others count; Traefik leaves the object out. A parent's route with services of its own goes on getting its requests; Traefik disables it. At most 100 routes stand below those of one object.",
    "spec.tls.secretName":
      "Cloudflare shows the zone's certificate to browsers. This one is shown by the relay, to clients of gRPC that come there.",
  },
  IngressRouteTCP: {
    "spec.routes[].middlewares[].name":
      "A middleware that is missing or cannot be built closes the route, so that its connections are closed. Traefik drops the route.",
    "spec.routes[].services[].terminationDelay":
      "Milliseconds, as documented; Traefik takes the number for nanoseconds. Left out, the other side may go on for as long as it likes; in Traefik it is cut at once.",
  },
  IngressRouteUDP: {
    "spec.entryPoints":
      "Of two routes on one entry point the older object's serves, and the other is reported; in Traefik the one whose name is last.",
  },
  TraefikService: {
    "spec.failover.errors.maxRequestBodyBytes":
      "With a longer body the main service's answer stays; Traefik refuses the request with 413.",
    "spec.weighted.services[].weight":
      "0 takes no new visitor and keeps those whose cookie names it; in Traefik these are sent elsewhere. Each window as long as the sum of the weights is exact.",
    "spec.mirroring.mirrorBody":
      "The copy is made while the main request streams, and a mirror that falls 1 MiB behind is cut. Traefik holds the whole body before the main request begins. With `false` mirrors get no body.",
    "spec.mirroring.mirrors[].percent":
      "Counted in each isolate of the edge from a random place, so that the share is exact over all of them.",
  },
  Middleware: {
    "spec.basicAuth.secret":
      "bcrypt above a cost that the edge can afford is refused for that user (`user-unusable`). What is published is sealed.",
    "spec.buffering.maxRequestBodyBytes":
      "Bodies pass through: one that turns out to be too long gets 413 when it does, and the service may have seen its beginning.",
    "spec.buffering.maxResponseBodyBytes":
      "An answer that says that it is too long becomes a 500; one that turns out to be is cut.",
    "spec.digestAuth.secret":
      "A nonce is good for five minutes in every isolate, and how often it was used is not counted.",
    "spec.errors.query": "`{url}` is the whole URL that the client asked for; in Traefik its path and query alone.",
    "spec.errors.service": "An answer whose page cannot be had stays as it is.",
    "spec.forwardAuth.address":
      "A Service of the cluster is asked through the gateway, a public host by the edge, unless `tls` demands something. An IP address is refused (`external-name-refused`).",
    "spec.forwardAuth.authResponseHeaders":
      "What the client sends under these names is removed with underscores too (`X_User`). Headers about the connection and the body's length are not copied.",
    "spec.forwardAuth.maxBodySize": `Bodies are forwarded up to ${MAX_FORWARDED_BODY / 1024 ** 2} MiB at most, and never with GET and HEAD.`,
    "spec.forwardAuth.trustForwardHeader": "Counts only for clients that the entry point trusts.",
    "spec.ipAllowList.sourceRange":
      "`X-Forwarded-For` counts only where the entry point trusts who sent it; a client whose address cannot be told is refused.",
    "spec.passTLSClientCert.pem":
      "Cloudflare must have verified the certificate: one that it could not, or that was revoked, is not passed on.",
    "spec.rateLimit.average":
      "Counted over all of the edge by a Durable Object for each source, and over all routes that name the Middleware; Traefik does so with Redis, and else counts for each route by itself.",
    "spec.rateLimit.burst":
      "Up to a quarter more may pass, since isolates hold tokens ahead ([how](middlewares.md#ratelimit)).",
    "spec.circuitBreaker.expression":
      "Measured by each relay for each route by itself. A latency ends where the answer begins, and answers to requests from before the breaker opened count no more.",
    "spec.grpcWeb.allowOrigins":
      "`*` lets every page call, but none with its visitors' cookies; an origin that is named may use them.",
    "spec.inFlightReq.amount": "Counted by each relay for each route by itself.",
    "spec.replacePathRegex.replacement":
      "An empty one takes away what the expression finds; Traefik then replaces nothing.",
    "spec.retry.attempts":
      "Another Pod comes first while there is one, also for a session; Traefik may ask the same one again. Of several `retry` on a route the innermost counts.",
    "spec.retry.maxRequestBodyBytes": "All bodies share 256 MiB; one for which there is no room is sent once.",
    "spec.redirectScheme.scheme":
      "The scheme of a request is the one that the client used with Cloudflare, unless the entry point trusts `X-Forwarded-Proto`.",
  },
  TLSOption: {
    "spec.clientAuth.clientAuthType":
      "For connections that the relay ends. An IngressRoute with such a TLSOption is closed: its TLS ends at Cloudflare, where the zone's settings ask for client certificates.",
    "spec.minVersion": "For connections that the relay ends; Cloudflare's are set in the zone.",
  },
  TLSStore: {
    "spec.defaultCertificate.secretName": "Shown by the relay; Cloudflare shows the zone's own to browsers.",
  },
  Ingress: {
    "spec.tls[].hosts": "Not read: any entry of `tls` makes the routes serve HTTPS as well.",
    "spec.tls[].secretName": "Not used: Cloudflare shows the zone's certificate.",
  },
  HTTPRoute: {
    "spec.rules[].timeouts.request":
      "To the last byte: an answer that has begun is cut when the time is over. A WebSocket that was opened stays.",
    "spec.rules[].timeouts.backendRequest": "From the connection with a Pod to the last byte of its answer.",
    "spec.rules[].retry.attempts":
      "1 where it is not said, 100 at most. Another Pod of the backend comes first while there is one. One that refuses the connection is passed by always, with 0 as well.",
    "spec.rules[].retry.codes":
      "Whatever the method, with bodies of up to 2 MiB. What came to no answer, since a Pod took longer than `backendRequest` or ended the connection, is sent again when its method allows that (RFC 9110, section 9.2.2), whatever stands here.",
    "spec.rules[].retry.backoff": "25ms where it is not said. Each pause is twice the last, and up to half longer.",
    "spec.rules[].sessionPersistence.sessionName": SESSION_NAME,
  },
  GRPCRoute: { "spec.rules[].sessionPersistence.sessionName": SESSION_NAME },
  "A service of Traefik's HTTP kinds": {
    name: "A Service without Pods answers 503 and its route stays (`allowEmptyServices` is true unless set to false); Traefik drops the route. When all Pods are terminating, these serve.",
    "healthCheck.path":
      "Pods of every Service are asked, by each relay for itself, and what was found outlasts new tables; in Traefik only an ExternalName Service may have health checks, and a reload forgets them.",
    "healthCheck.followRedirects": "On the same host only: a relay asks nobody but Pods.",
    strategy:
      "`leasttime` forgives a Pod that nobody asks, and takes a failed answer for a slow one. `drr` is Sluice's own.",
    weight:
      "A child without Pods is passed over; in Traefik it takes the whole route down unless `allowEmptyServices` is set.",
  },
  "A filter of Gateway API": {
    "extensionRef.kind":
      "Only `Middleware` of Traefik's groups ([`filter-unsupported`](problems.md#filter-unsupported)).",
    "externalAuth.forwardBody.maxSize": `A longer body gets 413, and so does one of more than ${MAX_FORWARDED_BODY / 1024 ** 2} MiB; those of GET and HEAD are never forwarded.`,
    "externalAuth.http.allowedResponseHeaders":
      "Where none are named, `Content-*` and `Set-Cookie` of the answer are not copied: they are about the answer, and the request has its own.",
  },
};

/** Fields that mean nothing where they stand, in Traefik as here, and so may say anything. */
export const meaningless: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  TraefikService: {
    "spec.mirroring.weight": "Means nothing here, as in Traefik: the main service answers all requests.",
    "spec.mirroring.mirrors[].weight": "Means nothing here, as in Traefik: a mirror has `percent`.",
    "spec.failover.healthCheck": "Always so: whoever refers to it sees whether it can serve.",
    "spec.failover.service.weight": "Means nothing here, as in Traefik.",
    "spec.failover.fallback.weight": "Means nothing here, as in Traefik.",
  },
  Middleware: { "spec.errors.service.weight": "Means nothing here, as in Traefik." },
  GatewayClass: { "spec.description": "For people." },
  HTTPRoute: { "spec.rules[].name": "A name that policies may refer to." },
  GRPCRoute: { "spec.rules[].name": "A name that policies may refer to." },
  TLSRoute: { "spec.rules[].name": "A name that policies may refer to." },
  TCPRoute: { "spec.rules[].name": "A name that policies may refer to." },
  UDPRoute: { "spec.rules[].name": "A name that policies may refer to." },
};
