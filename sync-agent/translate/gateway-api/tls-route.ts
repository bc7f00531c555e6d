import { translateStreamRoute } from "./stream-route.ts";

/** A TLSRoute (https://gateway-api.sigs.k8s.io/reference/spec/#tlsroute). */
export const translateTlsRoute = translateStreamRoute("TLSRoute");
