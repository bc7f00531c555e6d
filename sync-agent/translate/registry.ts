import type { Kind } from "../source/kubernetes-object.ts";
import type { TranslateObject } from "./fragment.ts";
import { translateGateway } from "./gateway-api/gateway.ts";
import { translateHttpRoute } from "./gateway-api/http-route.ts";
import { translateReferenceGrant } from "./gateway-api/reference-grant.ts";
import { translateIngress } from "./ingress/ingress.ts";
import { translateMiddleware } from "./traefik/build-middleware.ts";
import { translateIngressRoute } from "./traefik/ingress-route.ts";
import { translateServersTransport } from "./traefik/servers-transport.ts";
import { translateTraefikService } from "./traefik/traefik-service.ts";
import { leftToRelay, translateIngressRouteTcp, unsupportedKind } from "./traefik/unsupported-route.ts";

/** The kinds that are translated, in the order in which their problems are listed. One line adds a kind. */
export const translators: Partial<Record<Kind, TranslateObject>> = {
  IngressRoute: translateIngressRoute,
  TraefikService: translateTraefikService,
  Middleware: translateMiddleware,
  ServersTransport: translateServersTransport,
  Ingress: translateIngress,
  Gateway: translateGateway,
  HTTPRoute: translateHttpRoute,
  ReferenceGrant: translateReferenceGrant,
  IngressRouteTCP: translateIngressRouteTcp,
  IngressRouteUDP: leftToRelay("UDP"),
  MiddlewareTCP: leftToRelay("TCP"),
  ServersTransportTCP: leftToRelay("TCP"),
  TLSOption: unsupportedKind("TLS ends at Cloudflare's edge, set it there"),
  TLSStore: unsupportedKind("certificates come from Cloudflare, or from a route's `tls.secretName`"),
  GRPCRoute: unsupportedKind("gRPC comes with the relay"),
  TCPRoute: leftToRelay("TCP"),
  TLSRoute: unsupportedKind("TLS passthrough comes with the relay"),
  UDPRoute: leftToRelay("UDP"),
};
