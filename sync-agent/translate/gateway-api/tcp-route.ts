import { translateStreamRoute } from "./stream-route.ts";

/** A TCPRoute (https://gateway-api.sigs.k8s.io/reference/spec/#tcproute). */
export const translateTcpRoute = translateStreamRoute("TCPRoute");
