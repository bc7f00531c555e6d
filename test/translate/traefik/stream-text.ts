import type { TranslateSettings } from "../../../sync-agent/translate/settings.ts";
import type { Translation } from "../../../sync-agent/translate/translate.ts";
import { traefik, translateText } from "../translate-text.ts";

/** Entry points of both protocols beside the usual two. */
export function withStreams(settings: TranslateSettings): void {
  settings.entryPoints.mongo = { port: 27017 };
  settings.relayEntryPoints.mongo = { protocol: "tcp", host: "", port: 27017 };
  settings.relayEntryPoints.dns = { protocol: "udp", host: "", port: 53 };
  settings.relayEntryPoints.game = { protocol: "udp", host: "", port: 27015, udpTimeoutMs: 90_000 };
}

export const translateStreams = (text: string, change: (settings: TranslateSettings) => void = () => {}): Translation =>
  translateText(text, (settings) => {
    withStreams(settings);
    change(settings);
  });

/** Services with one port and one Pod each. */
export const backends = (protocol: "TCP" | "UDP", port: number, ...names: string[]): string =>
  names
    .map(
      (name, index) => `---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { clusterIP: 10.96.0.${index + 1}, ports: [{ port: ${port}, protocol: ${protocol} }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-1, labels: { kubernetes.io/service-name: ${name} } }
ports: [{ name: "", port: ${port}, protocol: ${protocol} }]
endpoints: [{ addresses: [10.0.0.${index + 1}] }]
`,
    )
    .join("");

export const tcpRoute = (route: string, more = "", name = "db"): string =>
  traefik("IngressRouteTCP", name, `entryPoints: [mongo]\nroutes:\n  - ${route}\n${more}`);

export const udpRoute = (routes: string, more = "entryPoints: [dns]", name = "dns"): string =>
  traefik("IngressRouteUDP", name, `routes: ${routes}\n${more}`);
