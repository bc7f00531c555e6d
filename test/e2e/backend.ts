import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

/** A Pod under the test's control, and what it was asked. */
export interface Backend {
  port: number;
  requests: { method: string; url: string; headers: http.IncomingHttpHeaders; rawHeaders: string[]; body: string }[];
  /** Resolves when the nth request (from 1) has been read to its end. */
  received(count: number): Promise<void>;
  close(): Promise<void>;
}

type Respond = (request: http.IncomingMessage, response: http.ServerResponse, body: string) => void;

/** Starts one on loopback; it answers `name` unless told otherwise. */
export async function startBackend(name: string, respond: Respond = (_, res) => res.end(name)): Promise<Backend> {
  const requests: Backend["requests"] = [];
  const waiting = new Set<{ count: number; resolve: () => void }>();
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks).toString();
    const { method = "", url = "", headers, rawHeaders } = request;
    requests.push({ method, url, headers, rawHeaders, body });
    for (const waiter of waiting) {
      if (requests.length < waiter.count) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
    respond(request, response, body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    received(count) {
      if (requests.length >= count) return Promise.resolve();
      return new Promise((resolve) => waiting.add({ count, resolve }));
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Manifests of a Service with one port, 80, whose Pods listen on these loopback ports. */
export function serviceManifest(name: string, ports: readonly number[], namespace = "default"): string {
  const slices = ports.map(
    (port, index) => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${name}-${index}
  namespace: ${namespace}
  labels: { kubernetes.io/service-name: ${name} }
addressType: IPv4
ports: [{ name: http, port: ${port}, protocol: TCP }]
endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true } }]
`,
  );
  return `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { clusterIP: None, ports: [{ name: http, port: 80 }] }
${slices.join("")}`;
}

/** An IngressRoute on `web` from a rule to services given as YAML flow items. */
export function routeManifest(name: string, match: string, services: readonly string[], more = ""): string {
  return `---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: { name: ${name} }
spec:
  entryPoints: [web]
  routes:
    - match: ${match}
      kind: Rule
      services: [${services.join(", ")}]
${more}`;
}
