import type { Kind } from "../source/kubernetes-object.ts";

/**
 * Fields that people write where they have no effect, with the place that they belong to. Keys are paths in the
 * object without list indices; values complete a hint.
 */
export const misplacedFields: Partial<Record<Kind, Readonly<Record<string, string>>>> = {
  ServersTransport: {
    "spec.responseForwarding":
      "It belongs to the service of a route or TraefikService: `services[].responseForwarding.flushInterval`",
    "spec.loadBalancer.serversTransport.healthCheck":
      "Health checks belong to the service of a route or TraefikService: `services[].healthCheck`",
    "spec.loadBalancer.serversTransport.healthCheckPath": "It is `path` in `services[].healthCheck` of a route",
    "spec.loadBalancer.serversTransport.healthCheckInterval": "It is `interval` in `services[].healthCheck` of a route",
    "spec.loadBalancer.serversTransport.healthCheckTimeout": "It is `timeout` in `services[].healthCheck` of a route",
    "spec.retryAttempts": "Retries are a Middleware: `spec.retry.attempts`, named by the route's `middlewares`",
    "spec.retryUpDelay": "Retries are a Middleware: `spec.retry.initialInterval`, named by the route's `middlewares`",
    "spec.dialTimeout": "It belongs to `spec.forwardingTimeouts.dialTimeout`",
    "spec.responseHeaderTimeout": "It belongs to `spec.forwardingTimeouts.responseHeaderTimeout`",
    "spec.idleConnTimeout": "It belongs to `spec.forwardingTimeouts.idleConnTimeout`",
  },
  IngressRoute: {
    "spec.rules": "An IngressRoute has `spec.routes`; `rules` belongs to Ingress and HTTPRoute",
    "spec.services": "Services belong to a route: `spec.routes[].services`",
    "spec.middlewares": "Middlewares belong to a route: `spec.routes[].middlewares`",
    "spec.match": "The rule belongs to a route: `spec.routes[].match`",
    "spec.priority": "The priority belongs to a route: `spec.routes[].priority`",
    "spec.tls.passthrough": "Passthrough belongs to an IngressRouteTCP",
    "spec.routes.tls": "TLS belongs to the whole object: `spec.tls`",
    "spec.routes.entryPoints": "Entry points belong to the whole object: `spec.entryPoints`",
    "spec.routes.services.percent":
      "Percentages belong to the mirrors of a TraefikService: `mirroring.mirrors[].percent`",
  },
  IngressRouteTCP: {
    "spec.services": "Services belong to a route: `spec.routes[].services`",
    "spec.middlewares": "Middlewares belong to a route: `spec.routes[].middlewares`",
    "spec.match": "The rule belongs to a route: `spec.routes[].match`",
    "spec.passthrough": "It belongs to `spec.tls.passthrough`",
    "spec.routes.tls": "TLS belongs to the whole object: `spec.tls`",
    "spec.routes.entryPoints": "Entry points belong to the whole object: `spec.entryPoints`",
    "spec.routes.services.healthCheck":
      "Traefik's kinds have none for TCP: annotate the Service itself with `sluice.dev/tcp-health-check-interval`",
    "spec.routes.services.strategy": "Annotate the Service itself with `sluice.dev/tcp-strategy`",
    "spec.routes.services.sticky":
      "Connections have no cookies: annotate the Service itself with `sluice.dev/tcp-strategy: client-ip`",
  },
  IngressRouteUDP: {
    "spec.services": "Services belong to a route: `spec.routes[].services`",
    "spec.routes.match": "UDP has no rules: each entry point has one route",
    "spec.routes.middlewares": "There are no middlewares for UDP",
    "spec.routes.entryPoints": "Entry points belong to the whole object: `spec.entryPoints`",
    "spec.tls": "UDP has no TLS",
  },
  TraefikService: {
    "spec.services": "Children belong to `spec.weighted.services`",
    "spec.mirrors": "Mirrors belong to `spec.mirroring.mirrors`",
    "spec.sticky": "Stickiness belongs to `spec.weighted.sticky`",
  },
  HTTPRoute: {
    "spec.rules.matches.hostname":
      "A match has no hostname; hosts belong to `spec.hostnames`, and a host with rules of its own needs a HTTPRoute of its own",
    "spec.rules.matches.hostnames":
      "A match has no hostnames; hosts belong to `spec.hostnames`, and a host with rules of its own needs a HTTPRoute of its own",
    "spec.rules.hostnames": "Hosts belong to `spec.hostnames`",
  },
  GRPCRoute: {
    "spec.rules.hostnames": "Hosts belong to `spec.hostnames`",
    "spec.rules.matches.path": "A call is matched by its method: `method: { service: package.Service, method: Name }`",
    "spec.rules.matches.service": "The service belongs to the match's method: `method: { service: package.Service }`",
    "spec.rules.timeouts": "A GRPCRoute has no timeouts; a client names its own deadline",
  },
};
