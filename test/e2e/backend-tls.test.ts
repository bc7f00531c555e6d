import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import {
  status as code,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type ServiceError,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthority, names } from "../relay/tls/certificate-authority.ts";
import { type Backend, routeManifest, serviceManifest, startBackend } from "./backend.ts";
import { examples } from "./run-example.ts";
import { type Running, runManifests } from "./run-manifests.ts";
import { send } from "./send.ts";

const SPIFFE_ID = "spiffe://cluster.example/ns/default/sa/app";

/** The names that clients have asked the Pod for. */
const asked: (string | false | undefined)[] = [];
let pod: { port: number; close(): void };
let plain: Backend;
let calls: Server;
let running: Running;

const Echo = (loadPackageDefinition(loadSync(join(examples, "grpc/echo.proto"))).example as GrpcObject)
  .Echo as ServiceClientConstructor;

/** @returns the text of the answer, or the code of what went wrong */
async function call(authority: string): Promise<unknown> {
  const client = new Echo(`127.0.0.1:${running.port("web")}`, credentials.createInsecure(), {
    "grpc.default_authority": authority,
    "grpc.use_local_subchannel_pool": 1,
  });
  try {
    return await new Promise((resolve) => {
      client.Say?.({ text: "" }, (error: ServiceError | null, answer?: { text: string }) =>
        resolve(error === null ? answer?.text : error.code),
      );
    });
  } finally {
    client.close();
  }
}

const configMap = (name: string, pem: string): string =>
  `---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: ${JSON.stringify({ "ca.crt": pem })}\n`;
const believing = (name: string): string => `caCertificateRefs: [{ group: "", kind: ConfigMap, name: ${name} }]`;

/** A route to a Service of its own, for which the policy holds. */
const guarded = (name: string, validation: string, port = pod.port): string => `${serviceManifest(name, [port])}---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: web }]
  hostnames: [${name}.test]
  rules: [{ backendRefs: [{ name: ${name}, port: 80 }] }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: ${name} }
spec:
  targetRefs: [{ group: "", kind: Service, name: ${name} }]
  validation: { ${validation} }
`;

const transport = (name: string, authority: string): string => `---
apiVersion: traefik.io/v1alpha1
kind: ServersTransport
metadata: { name: ${name} }
spec: { serverName: pods.example, rootCAs: [{ configMap: ${authority} }] }
`;

/** Which name a certificate has to show, and which answer a client gets. */
const cases: [string, string, number][] = [
  ["good", `hostname: pods.example, ${believing("ca")}`, 200],
  ["other-name", `hostname: other.example, ${believing("ca")}`, 502],
  ["other-authority", `hostname: pods.example, ${believing("other")}`, 502],
  ["system", "hostname: pods.example, wellKnownCACertificates: System", 502],
  ["by-id", `hostname: sni.example, ${believing("ca")}, subjectAltNames: [{ type: URI, uri: "${SPIFFE_ID}" }]`, 200],
  [
    "other-id",
    `hostname: pods.example, ${believing("ca")}, subjectAltNames: [{ type: URI, uri: "spiffe://x/y" }]`,
    502,
  ],
  [
    "id-of-other",
    `hostname: pods.example, ${believing("other")}, subjectAltNames: [{ type: URI, uri: "${SPIFFE_ID}" }]`,
    502,
  ],
  ["missing", `hostname: pods.example, ${believing("gone")}`, 500],
];

beforeAll(async () => {
  const [authority, other] = await Promise.all([createAuthority("ours"), createAuthority("theirs")]);
  const { cert, key } = await authority.issue([names.dns("pods.example"), names.uri(SPIFFE_ID)]);
  const server = createServer({ cert, key }, (_, response) => response.end("secure"));
  server.on("secureConnection", ({ servername }: TLSSocket & { servername?: string | false }) =>
    asked.push(servername),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  pod = {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  plain = await startBackend("plain");
  const credentialsOfPod = ServerCredentials.createSsl(null, [
    { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) },
  ]);
  calls = new Server();
  calls.addService(Echo.service, {
    Say: (_: unknown, answer: (error: null, message: object) => void) => answer(null, { text: "secure" }),
  });
  const callPort = await new Promise<number>((resolve, reject) => {
    calls.bindAsync("127.0.0.1:0", credentialsOfPod, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
  running = await runManifests(
    [
      `---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec: { gatewayClassName: sluice, listeners: [{ name: web, port: 80, protocol: HTTP }] }
`,
      configMap("ca", authority.cert),
      configMap("other", other.cert),
      ...cases.map(([name, validation]) => guarded(name, validation)),
      guarded("plain", `hostname: pods.example, ${believing("ca")}`, plain.port),
      ...["ca", "other"].map((name) =>
        guarded(`calls-${name}`, `hostname: pods.example, ${believing(name)}`, callPort).replace(
          "HTTPRoute",
          "GRPCRoute",
        ),
      ),
      serviceManifest("pods", [pod.port]),
      ...["ca", "other"].flatMap((name) => [
        transport(name, name),
        routeManifest(name, `Host(\`${name}.crd.test\`)`, [
          `{ name: pods, port: 80, scheme: https, serversTransport: ${name} }`,
        ]),
      ]),
    ].join(""),
  );
});
afterAll(async () => {
  pod.close();
  calls.forceShutdown();
  await Promise.all([running.close(), plain.close()]);
});

const ask = (host: string) => send(running.url("web"), "/", { host });

describe("a BackendTLSPolicy", () => {
  it.each(cases)("%s: { %s } answers %i", async (name, _, status) => {
    const answer = await ask(`${name}.test`);
    expect([answer.status, answer.body === "secure"]).toEqual([status, status === 200]);
  });

  it("says by which name the Pod is asked, which is not the client's", async () => {
    await ask("by-id.test");
    expect(asked).toContain("sni.example");
    expect(asked).not.toContain("by-id.test");
  });

  it("never speaks to a Pod in the clear", async () => {
    expect((await ask("plain.test")).status).toBe(502);
    expect(plain.requests).toEqual([]);
  });

  it("tells what is missing, and is served when that comes", async () => {
    const told = running.problems().map(({ code }) => code);
    expect(told.sort()).toEqual(["backend-tls-invalid", "config-map-not-found"]);
    const authority = await createAuthority("late");
    const { cert, key } = await authority.issue([names.dns("pods.example")]);
    const late = createServer({ cert, key }, (_, response) => response.end("secure")).listen(0, "127.0.0.1");
    await once(late, "listening");
    const { port } = late.address() as AddressInfo;
    await running.write(
      "late.yaml",
      configMap("gone", authority.cert) + guarded("late", `hostname: pods.example, ${believing("gone")}`, port),
    );
    expect((await ask("late.test")).body).toBe("secure");
    expect((await ask("missing.test")).status).toBe(502);
    expect(running.problems()).toEqual([]);
    late.close();
    late.closeAllConnections();
  });
});

it.each([
  ["ca", 200],
  ["other", 502],
])("a ServersTransport with the authority of the ConfigMap %s answers %i", async (name, status) => {
  expect((await ask(`${name}.crd.test`)).status).toBe(status);
});

it("calls of gRPC reach a Pod that shows what is demanded, and no other", async () => {
  expect([await call("calls-ca.test"), await call("calls-other.test")]).toEqual(["secure", code.UNAVAILABLE]);
});
