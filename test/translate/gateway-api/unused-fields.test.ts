import { describe, expect, it } from "vitest";
import { linesOf, services, translateText } from "../translate-text.ts";

const gatewayClass = (more: string, controller = "sluice.dev/gateway-controller"): string =>
  `---\napiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: { name: web }\nspec: { controllerName: ${controller}${more} }\n`;

const gateway = (more: string, ofListener = ""): string =>
  `---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: { name: web }
spec: { gatewayClassName: web, listeners: [{ name: http, port: 80, protocol: HTTP${ofListener} }]${more} }\n`;

const route = (kind: string, version: string, more: string, section = ""): string =>
  `---\napiVersion: gateway.networking.k8s.io/${version}\nkind: ${kind}\nmetadata: { name: route }
spec: { parentRefs: [{ name: web${section} }], rules: [{ backendRefs: [{ name: web, port: 80 }] }]${more} }\n`;

const parametersRef = ", parametersRef: { group: a.example, kind: A, name: a }";

const asked: [string, string, string][] = [
  ["parameters of a class", gatewayClass(parametersRef), "GatewayClass/web spec.parametersRef"],
  ["addresses", gateway(", addresses: [{ value: 10.0.0.1 }]"), "Gateway/web spec.addresses"],
  ["labels", gateway(", infrastructure: { labels: { a: b } }"), "Gateway/web spec.infrastructure"],
  ["ListenerSets", gateway(", allowedListeners: { namespaces: { from: All } }"), "Gateway/web spec.allowedListeners"],
  ["a default Gateway", gateway(", defaultScope: All"), "Gateway/web spec.defaultScope"],
  [
    "a certificate for Pods",
    gateway(", tls: { backend: { clientCertificateRef: { name: a } } }"),
    "Gateway/web spec.tls.backend",
  ],
  [
    "a certificate for Pods, in its older place",
    gateway(", backendTLS: { clientCertificateRef: { name: a } }"),
    "Gateway/web spec.backendTLS",
  ],
  ["options of TLS", gateway("", ", tls: { options: { a.example/b: c } }"), "Gateway/web spec.listeners.0.tls.options"],
  [
    "routes of any Gateway",
    route("HTTPRoute", "v1", ", useDefaultGateways: All"),
    "HTTPRoute/route spec.useDefaultGateways",
  ],
  [
    "calls of any Gateway",
    route("GRPCRoute", "v1", ", useDefaultGateways: All"),
    "GRPCRoute/route spec.useDefaultGateways",
  ],
  [
    "connections of any Gateway",
    route("TCPRoute", "v1alpha2", ", useDefaultGateways: All", ", sectionName: tcp"),
    "TCPRoute/route spec.useDefaultGateways",
  ],
];

/** The Gateway and its class that an object needs beside it. */
const around = (text: string): string =>
  [
    text.includes("kind: GatewayClass") ? "" : gatewayClass(""),
    text.includes("kind: Gateway\n") ? "" : gateway("").replace("]", ", { name: tcp, port: 443, protocol: TCP }]"),
    services("web"),
    text,
  ].join("");

describe("fields of Gateway API that nothing comes of", () => {
  it.each(asked)("are reported: %s", (_, text, place) => {
    expect(linesOf(translateText(around(text)))).toEqual([`warning unsupported-field ${place}`]);
  });

  it("are not reported where they have no value", () => {
    const text = gateway(", addresses: null, infrastructure: null");
    expect(linesOf(translateText(around(text)))).toEqual([]);
  });

  it("are another controller's to report in its own objects", () => {
    const text =
      gatewayClass(parametersRef, "other.example/controller") + gateway(", addresses: [{ value: 10.0.0.1 }]");
    expect(linesOf(translateText(text))).toEqual([]);
  });
});
