import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Running } from "../e2e/run-manifests.ts";
import { type EchoPod, startEchoPod } from "./echo-pod.ts";
import { backedBy, tcpRoute, tlsSecret } from "./manifests.ts";
import { type Ran, run } from "./program.ts";
import { runEntryPoints } from "./run-entry-points.ts";
import { certificateFor } from "./servers.ts";

const execute = promisify(execFile);
const openssl = (...args: string[]) => execute("openssl", args);

let dir: string;
let relay: Running;
const pods: EchoPod[] = [];
const files = { authority: "", client: "", clientKey: "", stranger: "", strangerKey: "" };

/** An authority, a client with a certificate of it, and one with a certificate that it made itself. */
async function makeClients(): Promise<string> {
  const at = (name: string) => join(dir, name);
  const request = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await openssl(...request, "-x509", "-subj", "/CN=authority", "-keyout", at("ca.key"), "-out", at("ca.pem"));
  await openssl(...request, "-subj", "/CN=client", "-keyout", at("client.key"), "-out", at("client.csr"));
  await openssl(
    ...["x509", "-req", "-in", at("client.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key")],
    ...["-CAcreateserial", "-out", at("client.pem")],
  );
  await openssl(...request, "-x509", "-subj", "/CN=stranger", "-keyout", at("other.key"), "-out", at("other.pem"));
  Object.assign(files, {
    authority: at("ca.pem"),
    client: at("client.pem"),
    clientKey: at("client.key"),
    stranger: at("other.pem"),
    strangerKey: at("other.key"),
  });
  const { stdout } = await openssl("base64", "-A", "-in", files.authority);
  return stdout;
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-openssl-"));
  const authority = await makeClients();
  const [plain, h2, other] = await Promise.all([startEchoPod("plain"), startEchoPod("h2"), startEchoPod("http/1.1")]);
  pods.push(plain, h2, other);
  const alpn = (name: string, protocol: string, port: number): string =>
    tcpRoute(name, {
      entryPoint: "tls",
      match: `HostSNI(\`alpn.example.com\`) && ALPN(\`${protocol}\`)`,
      service: name,
      port,
      tls: "secretName: example, options: { name: two }",
    });
  relay = await runEntryPoints(
    { tls: '{ address: ":8443" }' },
    [
      backedBy("plain", plain.port),
      backedBy("h2", h2.port),
      backedBy("http1", other.port),
      alpn("h2", "h2", h2.port),
      alpn("http1", "http/1.1", other.port),
      ...(["modern", "mutual"] as const).map((name) =>
        tcpRoute(name, {
          entryPoint: "tls",
          match: `HostSNI(\`${name}.example.com\`)`,
          service: "plain",
          port: plain.port,
          tls: `secretName: example, options: { name: ${name} }`,
        }),
      ),
      tlsSecret("example", await certificateFor("alpn.example.com", "modern.example.com", "mutual.example.com")),
      `
---
apiVersion: traefik.io/v1alpha1
kind: TLSOption
metadata: { name: two }
spec: { alpnProtocols: [h2, http/1.1] }
---
apiVersion: traefik.io/v1alpha1
kind: TLSOption
metadata: { name: modern }
spec: { minVersion: VersionTLS13 }
---
apiVersion: traefik.io/v1alpha1
kind: TLSOption
metadata: { name: mutual }
spec: { clientAuth: { secretNames: [authority], clientAuthType: RequireAndVerifyClientCert } }
---
apiVersion: v1
kind: Secret
metadata: { name: authority }
data: { ca.crt: ${authority} }
`,
    ].join(""),
  );
  expect(relay.problems()).toEqual([]);
});
afterAll(async () => {
  await relay?.close();
  await Promise.all(pods.map((pod) => pod.close()));
  await rm(dir, { recursive: true });
});

/** Says a line over TLS, and hears what comes back. */
const say = (name: string, ...options: string[]): Promise<Ran> =>
  run(
    "openssl",
    ["s_client", "-connect", `127.0.0.1:${relay.port("tls")}`, "-servername", name, "-ign_eof", ...options],
    { input: "end\n" },
  );

describe("ALPN", () => {
  it.each(["h2", "http/1.1"])("%s reaches its service, and is what the two agree on", async (protocol) => {
    const { stdout } = await say("alpn.example.com", "-alpn", protocol);
    expect(stdout).toContain(`ALPN protocol: ${protocol}`);
    expect(stdout).toContain(`${protocol} heard: end`);
  });

  it("a protocol that no route has is refused", async () => {
    const { stdout } = await say("alpn.example.com", "-alpn", "spdy/3");
    expect(stdout).not.toContain("heard:");
  });
});

describe("versions", () => {
  it("the one that is asked for is spoken", async () => {
    const { stdout } = await say("modern.example.com", "-tls1_3");
    expect(stdout).toContain("plain heard: end");
    expect(stdout).toContain("TLSv1.3");
  });

  it("an older one is refused, with the alert that says so", async () => {
    const { stdout, stderr } = await say("modern.example.com", "-tls1_2");
    expect(stdout).not.toContain("heard:");
    expect(stderr).toContain("alert protocol version");
  });

  it("an older one is spoken where nothing forbids it", async () => {
    const { stdout } = await say("alpn.example.com", "-tls1_2", "-alpn", "h2");
    expect(stdout).toContain("h2 heard: end");
  });
});

describe("client certificates", () => {
  it("one of the authority opens the way", async () => {
    const { stdout } = await say("mutual.example.com", "-cert", files.client, "-key", files.clientKey);
    expect(stdout).toContain("plain heard: end");
  });

  it("none, or one of somebody else, does not", async () => {
    for (const options of [[], ["-cert", files.stranger, "-key", files.strangerKey]]) {
      const { stdout } = await say("mutual.example.com", ...options);
      expect(stdout).not.toContain("heard:");
    }
  });
});
