import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { startDev } from "../../../cli/dev/start-dev.ts";
import { closeAll as closePods, listen } from "../gateway-harness.ts";
import { closeAll, echo, exchange, startTlsPod } from "../tcp/tcp-harness.ts";
import { createAuthority, names } from "../tls/certificate-authority.ts";
import { svidOf, WorkloadApi } from "./workload-api.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const closer of closers.splice(0).reverse()) await closer();
  await Promise.all([closeAll(), closePods()]);
});

const service = (name: string, port: number): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { ports: [{ port: 443 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ port: ${port} }]
endpoints: [{ addresses: [127.0.0.1] }]
`;
const object = (kind: string, name: string, spec: object): string =>
  `---\n${JSON.stringify({ apiVersion: "traefik.io/v1alpha1", kind, metadata: { name }, spec })}\n`;

it("sluice dev knows Pods by the Workload API of the machine", async () => {
  const authority = await createAuthority("one");
  const [api, { cert, key }, dir] = await Promise.all([
    svidOf(authority, "spiffe://one.test/relay").then((svid) => WorkloadApi.start({ svids: [svid] })),
    authority.issue([names.uri("spiffe://one.test/app")]),
    mkdtemp(join(tmpdir(), "sluice-spiffe-dev-")),
  ]);
  closers.push(
    () => api.close(),
    () => rm(dir, { recursive: true }),
  );
  const web = await listen(createServer({ cert, key }, (_, response) => response.end("known")));
  const db = await startTlsPod({ certificate: cert, key }, echo("db"));
  const spiffe = (id: string) => ({ spiffe: { ids: [`spiffe://one.test/${id}`] } });
  const to = (name: string, serversTransport: string) => ({ name, port: 443, serversTransport });
  const rule = (path: string, transport: string) => ({ match: `Path(\`${path}\`)`, services: [to("web", transport)] });
  await writeFile(
    join(dir, "all.yaml"),
    service("web", web) +
      service("db", db) +
      object("ServersTransport", "known", spiffe("app")) +
      object("ServersTransport", "other", spiffe("other")) +
      object("ServersTransportTCP", "known", { tls: spiffe("app") }) +
      object("IngressRoute", "web", {
        entryPoints: ["web"],
        routes: [rule("/known", "known"), rule("/other", "other")],
      }) +
      object("IngressRouteTCP", "db", {
        entryPoints: ["db"],
        routes: [{ match: "HostSNI(`*`)", services: [{ ...to("db", "known"), tls: true }] }],
      }),
  );
  const dev = await startDev({ dir, anyPort: true, spiffeEndpoint: { path: api.path } });
  closers.push(() => dev.close());
  expect(dev.problems().filter(({ severity }) => severity !== "notice")).toEqual([]);
  const known = await fetch(`${dev.url("web")}/known`);
  expect([known.status, await known.text()]).toEqual([200, "known"]);
  expect((await fetch(`${dev.url("web")}/other`)).status).toBe(502);
  expect(await exchange(dev.port("db"), "hi")).toBe("db:hi");
});
