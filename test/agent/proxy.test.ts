import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { makeCertificate } from "../../cli/dev/make-certificate.ts";
import { proxiedFetch } from "../../sync-agent/publish/proxied-fetch.ts";
import { ACCOUNT, NAMESPACE, startCloudflareApi, TOKEN } from "../doubles/cloudflare-api/cloudflare-api.ts";
import { startKubernetesApi } from "../doubles/kubernetes-api/kubernetes-api.ts";

/** A name that nobody can look up: whoever reaches it came by the proxy. */
const CLOUDFLARE = "api.cloudflare.invalid";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const closer of closers.splice(0).reverse()) await closer();
});

interface Proxy {
  url: string;
  /** What it was asked to connect to. */
  asked: string[];
}

/** An HTTP proxy that takes CONNECT; whatever is asked for, it leads to one port, or nowhere. */
async function startProxy(toPort?: number): Promise<Proxy> {
  const asked: string[] = [];
  const open = new Set<Socket>();
  const server = createHttpServer();
  server.on("connect", (request, client: Socket, head: Buffer) => {
    asked.push(request.url ?? "");
    if (toPort === undefined) return client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    const target = connect(toPort, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      target.write(head);
      client.pipe(target).pipe(client);
    });
    for (const socket of [client, target]) {
      open.add(socket);
      socket.on("error", () => {}).on("close", () => open.delete(socket));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    for (const socket of open) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

describe("requests to Cloudflare", () => {
  it.each([
    ["HTTPS_PROXY", {}, true],
    ["https_proxy", {}, true],
    ["HTTPS_PROXY", { NO_PROXY: "10.0.0.0/8,.example.com" }, true],
    ["HTTPS_PROXY", { NO_PROXY: "cloudflare.invalid" }, false],
    ["HTTPS_PROXY", { no_proxy: "*" }, false],
    ["HTTPS_PROXY", { https_proxy: "http://127.0.0.1:1" }, false],
    ["HTTP_PROXY", {}, false],
  ])("go by what %s names, beside %o: %s", async (variable, rest, isAsked) => {
    const proxy = await startProxy();
    const send = proxiedFetch({ [variable]: proxy.url, ...rest });
    await expect(send(`https://${CLOUDFLARE}/client/v4/zones`)).rejects.toThrow();
    expect(proxy.asked).toEqual(isAsked ? [`${CLOUDFLARE}:443`] : []);
  });

  it("go straight where no proxy is named", () => {
    expect(proxiedFetch({ HTTPS_PROXY: "" })).toBe(fetch);
  });
});

const routeOf = (host: string) => ({
  apiVersion: "traefik.io/v1alpha1",
  kind: "IngressRoute",
  metadata: { name: "shop", namespace: "default" },
  spec: { routes: [{ kind: "Rule", match: `Host(\`${host}\`)`, services: [{ name: "shop", port: 80 }] }] },
});

it("an agent behind a proxy reaches Cloudflare by it, and its API server without", async () => {
  const api = await startKubernetesApi({ tls: true, requireToken: true });
  closers.push(() => api.close());
  api.apply(routeOf("shop.example.com"));
  const cloudflare = await startCloudflareApi({
    get: async () => null,
    put: async () => {},
    delete: async () => {},
    list: async () => ({ keys: [], list_complete: true }),
  });
  closers.push(() => cloudflare.close());
  const certificate = await makeCertificate([CLOUDFLARE], Date.now());
  const port = Number(new URL(cloudflare.url).port);
  const tls = createTlsServer(certificate, (socket) => {
    const target = connect(port, "127.0.0.1");
    socket.on("error", () => target.destroy()).pipe(target);
    target.on("error", () => socket.destroy()).pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(tls, "listening");
  closers.push(() => tls.close());
  const proxy = await startProxy((tls.address() as AddressInfo).port);

  const dir = await mkdtemp(join(tmpdir(), "sluice-proxy-"));
  closers.push(() => rm(dir, { recursive: true }));
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(dir, name), text);
    return join(dir, name);
  };
  const flags = [
    [
      "--endpoint",
      api.url,
      "--token-file",
      await file("token", api.token),
      "--ca-file",
      await file("ca", api.ca ?? ""),
    ],
    ["--account-id", ACCOUNT, "--kv-namespace-id", NAMESPACE, "--api-token-file", await file("api-token", TOKEN)],
    ["--cloudflare-api", `https://${CLOUDFLARE}/client/v4`, "--dry-run"],
  ].flat();
  const env = {
    ...process.env,
    HTTPS_PROXY: proxy.url,
    NO_PROXY: "",
    NODE_EXTRA_CA_CERTS: await file("cloudflare-ca", certificate.cert),
  };
  const { stdout } = await promisify(execFile)(process.execPath, ["cli/sluice.ts", "agent", ...flags], { env });
  expect(stdout).toContain("1 routes, 1 services; 2 keys to write");
  expect(new Set(proxy.asked)).toEqual(new Set([`${CLOUDFLARE}:443`]));
  expect(cloudflare.requests.length).toBeGreaterThan(0);
  expect(api.requests.some(({ status }) => status === 200)).toBe(true);
}, 60_000);
