import type { Kind } from "../source/kubernetes-object.ts";
import type { TranslateObject } from "./fragment.ts";
import { translateBackendTlsPolicy } from "./gateway-api/backend-tls-policy.ts";
import { translateGateway } from "./gateway-api/gateway.ts";
import { translateGatewayClass } from "./gateway-api/gateway-class.ts";
import { translateGrpcRoute } from "./gateway-api/grpc-route.ts";
import { translateHttpRoute } from "./gateway-api/http-route.ts";
import { translateReferenceGrant } from "./gateway-api/reference-grant.ts";
import { translateTcpRoute } from "./gateway-api/tcp-route.ts";
import { translateTlsRoute } from "./gateway-api/tls-route.ts";
import { translateUdpRoute } from "./gateway-api/udp-route.ts";
import { translateIngress } from "./ingress/ingress.ts";
import { translateMiddleware } from "./traefik/build-middleware.ts";
import { translateIngressRoute } from "./traefik/ingress-route.ts";
import { translateIngressRouteTcp } from "./traefik/ingress-route-tcp.ts";
import { translateIngressRouteUdp } from "./traefik/ingress-route-udp.ts";
import { translateMiddlewareTcp } from "./traefik/middleware-tcp.ts";
import { translateServersTransport } from "./traefik/servers-transport.ts";
import { translateServersTransportTcp } from "./traefik/servers-transport-tcp.ts";
import { translateTlsOption } from "./traefik/tls-option.ts";
import { translateTlsStore } from "./traefik/tls-store.ts";
import { translateTraefikService } from "./traefik/traefik-service.ts";

/** The kinds that are translated, in the order in which their problems are listed. One line adds a kind. */
export const translators: Partial<Record<Kind, TranslateObject>> = {
  IngressRoute: translateIngressRoute,
  TraefikService: translateTraefikService,
  Middleware: translateMiddleware,
  ServersTransport: translateServersTransport,
  Ingress: translateIngress,
  GatewayClass: translateGatewayClass,
  Gateway: translateGateway,
  HTTPRoute: translateHttpRoute,
  GRPCRoute: translateGrpcRoute,
  ReferenceGrant: translateReferenceGrant,
  BackendTLSPolicy: translateBackendTlsPolicy,
  IngressRouteTCP: translateIngressRouteTcp,
  IngressRouteUDP: translateIngressRouteUdp,
  MiddlewareTCP: translateMiddlewareTcp,
  ServersTransportTCP: translateServersTransportTcp,
  TLSOption: translateTlsOption,
  TLSStore: translateTlsStore,
  TLSRoute: translateTlsRoute,
  TCPRoute: translateTcpRoute,
  UDPRoute: translateUdpRoute,
};
