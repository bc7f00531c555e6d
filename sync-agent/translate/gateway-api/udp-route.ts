import { translateStreamRoute } from "./stream-route.ts";

/** A UDPRoute (https://gateway-api.sigs.k8s.io/reference/spec/#udproute). */
export const translateUdpRoute = translateStreamRoute("UDPRoute");
