import type { Kind } from "../source/kubernetes-object.ts";

/**
 * Fields that people write where they have no effect, with the place that they belong to. Keys are paths in the
 * object without list indices; values complete a hint.
 */
export const misplacedFields: Partial<Record<Kind, Readonly<Record<string, string>>>> = {
  ServersTransport: {
    "spec.responseForwarding":
      "it belongs to the service of a route or TraefikService: `services[].responseForwarding.flushInterval`",
    "spec.loadBalancer.serversTransport.healthCheck":
      "health checks belong to the service of a route or TraefikService: `services[].healthCheck`",
    "spec.loadBalancer.serversTransport.healthCheckPath": "it is `path` in `services[].healthCheck` of a route",
    "spec.loadBalancer.serversTransport.healthCheckInterval": "it is `interval` in `services[].healthCheck` of a route",
    "spec.loadBalancer.serversTransport.healthCheckTimeout": "it is `timeout` in `services[].healthCheck` of a route",
    "spec.retryAttempts": "retries are a Middleware: `spec.retry.attempts`, named by the route's `middlewares`",
    "spec.retryUpDelay": "retries are a Middleware: `spec.retry.initialInterval`, named by the route's `middlewares`",
    "spec.dialTimeout": "it belongs to `spec.forwardingTimeouts.dialTimeout`",
    "spec.responseHeaderTimeout": "it belongs to `spec.forwardingTimeouts.responseHeaderTimeout`",
    "spec.idleConnTimeout": "it belongs to `spec.forwardingTimeouts.idleConnTimeout`",
  },
  IngressRoute: {
    "spec.rules": "an IngressRoute has `spec.routes`; `rules` belongs to Ingress and HTTPRoute",
    "spec.services": "services belong to a route: `spec.routes[].services`",
    "spec.middlewares": "middlewares belong to a route: `spec.routes[].middlewares`",
    "spec.match": "the rule belongs to a route: `spec.routes[].match`",
    "spec.priority": "the priority belongs to a route: `spec.routes[].priority`",
    "spec.tls.passthrough": "passthrough belongs to an IngressRouteTCP",
    "spec.routes.tls": "TLS belongs to the whole object: `spec.tls`",
    "spec.routes.entryPoints": "entry points belong to the whole object: `spec.entryPoints`",
    "spec.routes.services.percent":
      "percentages belong to the mirrors of a TraefikService: `mirroring.mirrors[].percent`",
  },
  TraefikService: {
    "spec.services": "children belong to `spec.weighted.services`",
    "spec.mirrors": "mirrors belong to `spec.mirroring.mirrors`",
    "spec.sticky": "stickiness belongs to `spec.weighted.sticky`",
  },
  HTTPRoute: {
    "spec.rules.matches.hostname":
      "a match has no hostname; hosts belong to `spec.hostnames`, and a host with rules of its own needs a HTTPRoute of its own",
    "spec.rules.matches.hostnames":
      "a match has no hostnames; hosts belong to `spec.hostnames`, and a host with rules of its own needs a HTTPRoute of its own",
    "spec.rules.hostnames": "hosts belong to `spec.hostnames`",
  },
};
