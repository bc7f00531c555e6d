import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { ApiClient } from "../../../sync-agent/source/cluster/api-client.ts";
import { createApiClient } from "../../../sync-agent/source/cluster/create-api-client.ts";
import { keepDispatcher } from "../../../sync-agent/source/cluster/keep-dispatcher.ts";
import type { KubeAccess } from "../../../sync-agent/source/cluster/kube-access.ts";
import { loadKubeConfig } from "../../../sync-agent/source/cluster/load-kube-config.ts";
import type { KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import type { Fault } from "../../doubles/kubernetes-api/faults.ts";
import type { KubernetesApi } from "../../doubles/kubernetes-api/kubernetes-api.ts";
import { service, startApi } from "./follow-cluster.ts";

const services = "/api/v1/namespaces/default/services";

function open(access: KubeAccess): ApiClient {
  const client = createApiClient(access);
  onTestFinished(() => client.close());
  return client;
}

const clientOf = async (api: KubernetesApi): Promise<ApiClient> =>
  open(await loadKubeConfig({ kubeconfig: api.kubeconfigPath() }));

const plain = (server: string): KubeAccess => ({
  server,
  namespace: undefined,
  credentials: async () => ({ headers: { authorization: "Bearer secret" }, tls: {} }),
  renew() {},
});

async function all(documents: AsyncIterable<unknown>): Promise<unknown[]> {
  const got: unknown[] = [];
  for await (const document of documents) got.push(document);
  return got;
}

/** A server that is none of Kubernetes. */
async function serve(answer: RequestListener): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer(answer).on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise((resolve) => void server.close(() => resolve()));
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

function directory(files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), "sluice-access-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

describe("requests", () => {
  test("reads, writes and removes an object with a kubeconfig's token and authority", async () => {
    const api = await startApi({ tls: true, requireToken: true });
    const client = await clientOf(api);
    const made = await client.request({ method: "POST", path: services, body: service("web") });
    expect(made).toMatchObject({ metadata: { name: "web" } });
    const contentType = "application/merge-patch+json";
    const body = { metadata: { labels: { a: "é" } } };
    await client.request({ method: "PATCH", path: `${services}/web`, body, contentType });
    expect(await client.request({ path: services, query: { labelSelector: "a=é" } })).toMatchObject({
      items: [{ metadata: { name: "web", labels: { a: "é" } } }],
    });
    await client.request({ method: "DELETE", path: `${services}/web` });
    await expect(client.request({ path: `${services}/web` })).rejects.toMatchObject({ code: "not-found", status: 404 });
  });

  test("with an endpoint, a token file and a CA file, and a token that rotates", async () => {
    const api = await startApi({ tls: true, requireToken: true });
    const ca = Buffer.from(/certificate-authority-data: (\S+)/.exec(api.kubeconfig())?.[1] ?? "", "base64").toString();
    const dir = directory({ token: `${api.token}\n`, ca });
    const [tokenFile, caFile] = [join(dir, "token"), join(dir, "ca")];
    const client = open(await loadKubeConfig({ endpoint: api.url, tokenFile, caFile }));
    await client.request({ path: services });
    writeFileSync(tokenFile, api.rotateToken());
    await client.request({ path: services });
    expect(api.requests.filter(({ status }) => status === 401)).toEqual([]);
    api.rotateToken();
    await expect(client.request({ path: services })).rejects.toMatchObject({ code: "unauthorized", status: 401 });
  });

  test("a kubeconfig is read again when its token is refused", async () => {
    const api = await startApi({ requireToken: true });
    const client = await clientOf(api);
    await client.request({ path: services });
    api.rotateToken();
    api.kubeconfigPath();
    await client.request({ path: services });
    expect(api.requests.map(({ status }) => status)).toEqual([200, 401, 200]);
  });

  test("a server that another authority vouches for is not spoken to", async () => {
    const [api, other] = [await startApi({ tls: true }), await startApi({ tls: true })];
    const path = api.kubeconfigPath();
    writeFileSync(path, other.kubeconfig().replace(other.url, api.url));
    const client = open(await loadKubeConfig({ kubeconfig: path }));
    await expect(client.request({ path: services })).rejects.toMatchObject({ code: "transient" });
    expect(api.requests).toEqual([]);
  });

  test("credentials are not sent in the clear, save to this machine", async () => {
    const seen: (string | undefined)[] = [];
    const { port } = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end("{}");
    });
    await open(plain(`http://127.0.0.1:${port}`)).request({ path: "/" });
    await open(plain(`http://0.0.0.0:${port}`)).request({ path: "/" });
    expect(seen).toEqual(["Bearer secret", undefined]);
  });

  test("a server under a path is asked there", async () => {
    const paths: (string | undefined)[] = [];
    const { port } = await serve((request, response) => {
      paths.push(request.url);
      response.end("{}");
    });
    await open(plain(`http://127.0.0.1:${port}/k8s/clusters/c-1/`)).request({ path: "/api", query: { a: "b c" } });
    expect(paths).toEqual(["/k8s/clusters/c-1/api?a=b+c"]);
  });

  test("one connection serves request after request", async () => {
    const { port, connections } = await serve((_, response) => void response.end("{}"));
    const client = open(plain(`http://127.0.0.1:${port}`));
    for (let turn = 0; turn < 20; turn += 1) await client.request({ path: "/" });
    // A request may be written before the connection of the one before is known to be free.
    expect(connections()).toBeLessThanOrEqual(2);
  });

  test("the pool is kept until authority, certificate or proxy change", async () => {
    const keeper = keepDispatcher();
    onTestFinished(() => keeper.destroy());
    const first = keeper.for({ headers: { authorization: "Bearer 1" }, tls: {} });
    expect(keeper.for({ headers: { authorization: "Bearer 2" }, tls: {} })).toBe(first);
    expect(keeper.for({ headers: {}, tls: { servername: "other" } })).not.toBe(first);
    expect(keeper.for({ headers: {}, tls: {}, proxy: "http://127.0.0.1:9" })).not.toBe(first);
  });
});

describe("failures", () => {
  const faults: [fault: Omit<Fault, "match">, expected: object][] = [
    [{ answer: 400 }, { code: "refused", status: 400 }],
    [{ answer: 401 }, { code: "unauthorized", status: 401 }],
    [{ answer: 403 }, { code: "forbidden", status: 403 }],
    [{ answer: 404 }, { code: "not-found", status: 404 }],
    [{ answer: 409 }, { code: "conflict", status: 409 }],
    [{ answer: 410 }, { code: "gone", status: 410 }],
    [
      { answer: 429, retryAfterSeconds: 3 },
      { code: "transient", status: 429, retryAfterMs: 3000 },
    ],
    [{ answer: 500 }, { code: "transient", status: 500, retryAfterMs: undefined }],
    [{ answer: "reset" }, { code: "transient", status: undefined }],
    [{ answer: "hang" }, { code: "transient", message: expect.stringContaining("no answer within 0.3 s") }],
    [{ answer: "silent" }, { code: "transient", message: expect.stringContaining("no answer within 0.3 s") }],
    [{ answer: "truncate" }, { code: "transient" }],
    [{ answer: "garbage" }, { code: "transient", message: expect.stringContaining("not JSON") }],
  ];
  test.each(faults)("%o of a request", async (fault, expected) => {
    const api = await startApi();
    api.fail(fault);
    await expect((await clientOf(api)).request({ path: services, timeoutMs: 300 })).rejects.toMatchObject(expected);
  });

  test.each(faults.filter(([{ answer }]) => answer !== "silent" && answer !== "garbage"))(
    "%o of a watch",
    async (fault, expected) => {
      const api = await startApi();
      api.fail(fault);
      const documents = (await clientOf(api)).watch({ path: services, timeoutMs: 300 });
      await expect(all(documents)).rejects.toMatchObject(
        fault.answer === "truncate" ? { code: "transient" } : expected,
      );
    },
  );

  test("a refused connection", async () => {
    const api = await startApi();
    const client = await clientOf(api);
    await api.down();
    await expect(client.request({ path: services })).rejects.toMatchObject({ code: "transient" });
  });

  test("a date in Retry-After", async () => {
    const { port } = await serve((_, response) => {
      response.writeHead(503, { "retry-after": new Date(Date.now() + 90_000).toUTCString() }).end();
    });
    const error = await open(plain(`http://127.0.0.1:${port}`))
      .request({ path: "/" })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "transient", retryAfterMs: expect.toSatisfy((ms) => ms > 0 && ms <= 90_000) });
  });

  test("an answer without end is cut off", async () => {
    const { port } = await serve((_, response) => {
      const piece = Buffer.alloc(1024 * 1024, " ");
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
      };
      response.on("drain", more);
      more();
    });
    await expect(open(plain(`http://127.0.0.1:${port}`)).request({ path: "/" })).rejects.toMatchObject({
      code: "refused",
      status: undefined,
    });
  });

  test("credentials that hang hold nobody past its time", async () => {
    const access = { ...plain("http://127.0.0.1:9"), credentials: () => new Promise<never>(() => {}) };
    await expect(open(access).request({ path: "/", timeoutMs: 50 })).rejects.toMatchObject({ code: "transient" });
  });

  test("a caller that gives up", async () => {
    const api = await startApi();
    api.fail({ answer: "hang" });
    const controller = new AbortController();
    const pending = (await clientOf(api)).request({ path: services, signal: controller.signal });
    controller.abort();
    await expect(pending).rejects.toMatchObject({ code: "transient", message: "The request was given up" });
  });
});

describe("watches", () => {
  test.each([1, 2, 3, 7, 0])("documents in pieces of %d bytes, with characters of four bytes", async (bytes) => {
    const api = await startApi();
    api.splitWatches(bytes);
    const query = { resourceVersion: api.resourceVersion };
    const label = "𝒜-é-…";
    const labelled = (name: string): KubernetesObject => {
      return { apiVersion: "v1", kind: "Service", metadata: { name, annotations: { label } } };
    };
    const got: unknown[] = [];
    const watch = (await clientOf(api)).watch({
      path: services,
      query,
      onOpen: () => {
        for (const name of ["a", "b"]) {
          api.apply(labelled(name));
        }
      },
    });
    for await (const document of watch) {
      got.push(document);
      if (got.length === 2) break;
    }
    expect(got).toMatchObject(
      ["a", "b"].map((name) => ({ type: "ADDED", object: { metadata: { name, annotations: { label } } } })),
    );
    await vi.waitFor(() => expect(api.watches()).toEqual([]));
  });

  test("ends when the server ends it, and fails when the connection is cut", async () => {
    const api = await startApi();
    const client = await clientOf(api);
    await expect(all(client.watch({ path: services, onOpen: () => api.endWatches() }))).resolves.toEqual(
      expect.any(Array),
    );
    await expect(all(client.watch({ path: services, onOpen: () => api.cutWatches() }))).rejects.toMatchObject({
      code: "transient",
    });
  });

  test("lasts longer than the time to open it, until its caller gives it up", async () => {
    const api = await startApi({ bookmarkMs: 60 });
    const controller = new AbortController();
    const client = await clientOf(api);
    const query = { allowWatchBookmarks: "true", resourceVersion: api.resourceVersion };
    let count = 0;
    const read = async (): Promise<void> => {
      for await (const _ of client.watch({ path: services, query, timeoutMs: 100, signal: controller.signal })) {
        count += 1;
        if (count === 4) controller.abort();
      }
    };
    await expect(read()).rejects.toMatchObject({ message: "The request was given up" });
    expect(count).toBe(4);
  });

  test("is opened again with a new token when the old one is refused", async () => {
    const api = await startApi({ requireToken: true });
    const client = await clientOf(api);
    api.rotateToken();
    api.kubeconfigPath();
    await all(client.watch({ path: services, onOpen: () => api.endWatches() }));
    expect(api.requests.map(({ status }) => status)).toEqual([401, 200]);
  });
});
