import type { Kind } from "../../source/kubernetes-object.ts";
import type { Listener } from "./read-gateway.ts";

const requests: readonly Kind[] = ["HTTPRoute", "GRPCRoute"];

/**
 * The kinds of routes that may be attached to a listener by its protocol
 * (https://gateway-api.sigs.k8s.io/reference/spec/#protocoltype). Without TLS of its own a listener knows no names, so
 * that connections which are passed through need a TLSRoute.
 */
export function listenerKinds({ protocol, tls }: Pick<Listener, "protocol" | "tls">): readonly Kind[] {
  switch (protocol) {
    case "TCP":
      return ["TCPRoute"];
    case "UDP":
      return ["UDPRoute"];
    case "TLS":
      return tls?.mode === "Passthrough" ? ["TLSRoute"] : ["TLSRoute", "TCPRoute"];
    default:
      return requests;
  }
}
