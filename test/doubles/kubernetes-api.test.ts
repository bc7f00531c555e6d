import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiObject, Json } from "./kubernetes-api/api-object.ts";
import { type KubernetesApi, startKubernetesApi } from "./kubernetes-api/kubernetes-api.ts";
import { builtInKinds, gatewayKinds, traefikKinds } from "./kubernetes-api/resource-kinds.ts";

interface List {
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: ApiObject[];
}
interface Event {
  type: string;
  object: ApiObject & { code?: number; reason?: string };
}

let api: KubernetesApi;
const controllers: AbortController[] = [];
beforeEach(async () => {
  api = await startKubernetesApi();
});
afterEach(async () => {
  for (const controller of controllers.splice(0)) controller.abort();
  await api.close();
});

const services = "/api/v1/namespaces/default/services";
const service = (name: string, labels: Record<string, string> = {}, port = 80) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "default", labels },
  spec: { ports: [{ port }] },
});

const get = async (path: string): Promise<{ status: number; body: Json }> => {
  const answer = await fetch(api.url + path);
  return { status: answer.status, body: (await answer.json()) as Json };
};
const list = async (path: string): Promise<List> => (await get(path)).body as unknown as List;

async function send(method: string, path: string, body: unknown, contentType = "application/json") {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await fetch(api.url + path, { method, body: text, headers: { "content-type": contentType } });
  return { status: answer.status, body: (await answer.json()) as Json & ApiObject };
}

/** Follows a watch: `next()` is its next event, undefined when it has ended. */
async function watch(path: string): Promise<{ status: number; next: () => Promise<Event | undefined> }> {
  const controller = new AbortController();
  controllers.push(controller);
  const answer = await fetch(`${api.url}${path}${path.includes("?") ? "&" : "?"}watch=true`, controller);
  const reader = (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const next = async (): Promise<Event | undefined> => {
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) return undefined;
      text += value;
    }
    const line = text.slice(0, text.indexOf("\n"));
    text = text.slice(line.length + 1);
    return JSON.parse(line) as Event;
  };
  return { status: answer.status, next };
}

test("a list of built-in kinds leaves out what its items are, one of custom kinds does not", async () => {
  api.apply(service("web"));
  api.apply({ apiVersion: "traefik.io/v1alpha1", kind: "Middleware", metadata: { name: "auth" } });
  const [item] = (await list("/api/v1/services")).items;
  expect(item?.metadata.name).toBe("web");
  expect(item).not.toHaveProperty("kind");
  const [custom] = (await list("/apis/traefik.io/v1alpha1/middlewares")).items;
  expect(custom).toMatchObject({ apiVersion: "traefik.io/v1alpha1", kind: "Middleware" });
  expect((await get(`${services}/web`)).body).toMatchObject({ apiVersion: "v1", kind: "Service" });
});

test("pages show the moment of the first, and end with a compaction", async () => {
  for (const name of ["a", "b", "c", "d", "e"]) api.apply(service(name));
  const first = await list(`${services}?limit=2`);
  expect(first.items.map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
  expect(first.metadata.remainingItemCount).toBe(3);
  api.delete({ apiVersion: "v1", kind: "Service" }, "c");
  const second = await list(`${services}?limit=2&continue=${first.metadata.continue}`);
  expect(second.items.map(({ metadata }) => metadata.name)).toEqual(["c", "d"]);
  expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  const last = await list(`${services}?limit=2&continue=${second.metadata.continue}`);
  expect(last.items.map(({ metadata }) => metadata.name)).toEqual(["e"]);
  expect(last.metadata.continue).toBeUndefined();
  api.compact();
  const late = await get(`${services}?limit=2&continue=${first.metadata.continue}`);
  expect(late).toMatchObject({ status: 410, body: { kind: "Status", reason: "Expired" } });
});

test("a watch goes on from a list, and tells what enters and leaves its selection", async () => {
  api.apply(service("web", { app: "a" }));
  const { metadata } = await list(`${services}?labelSelector=app%3Da`);
  const { next } = await watch(`${services}?labelSelector=app%3Da&resourceVersion=${metadata.resourceVersion}`);
  api.apply(service("other", { app: "b" }));
  api.apply(service("new", { app: "a" }));
  const left = api.apply(service("web", { app: "b" }));
  api.apply(service("web", { app: "a" }));
  api.apply(service("web", { app: "a" }, 81));
  api.delete({ apiVersion: "v1", kind: "Service" }, "web");
  const seen = [await next(), await next(), await next(), await next(), await next()];
  expect(seen.map((event) => [event?.type, event?.object.metadata.name])).toEqual([
    ["ADDED", "new"],
    ["DELETED", "web"],
    ["ADDED", "web"],
    ["MODIFIED", "web"],
    ["DELETED", "web"],
  ]);
  expect(seen[1]?.object.metadata).toMatchObject({
    labels: { app: "a" },
    resourceVersion: left.metadata.resourceVersion,
  });
  expect(seen[4]?.object.metadata.resourceVersion).toBe(api.resourceVersion);
});

test("a watch from a forgotten version is one ERROR event of 410 with status 200", async () => {
  const old = api.resourceVersion;
  api.compact();
  const { status, next } = await watch(`${services}?resourceVersion=${old}`);
  expect(status).toBe(200);
  expect(await next()).toMatchObject({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } });
  expect(await next()).toBeUndefined();
});

test("bookmarks come to those who allow them, and when a watch is over", async () => {
  const { next } = await watch(`${services}?resourceVersion=${api.resourceVersion}&allowWatchBookmarks=true`);
  const plain = await watch(`${services}?resourceVersion=${api.resourceVersion}`);
  await api.until(() => api.watches("services").length === 2);
  api.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" } });
  api.bookmark();
  const version = api.resourceVersion;
  expect(await next()).toMatchObject({ type: "BOOKMARK", object: { metadata: { resourceVersion: version } } });
  api.endWatches();
  expect(await next()).toBeUndefined();
  expect(await plain.next()).toBeUndefined();
  const short = await watch(
    `${services}?resourceVersion=${api.resourceVersion}&allowWatchBookmarks=true&timeoutSeconds=1`,
  );
  expect((await short.next())?.type).toBe("BOOKMARK");
  expect(await short.next()).toBeUndefined();
});

test("a write with an old version is a conflict; one that changes nothing makes no version", async () => {
  const made = await send("POST", services, service("web"));
  expect(made.status).toBe(201);
  expect((await send("POST", services, service("web"))).body).toMatchObject({ code: 409, reason: "AlreadyExists" });
  const { resourceVersion } = made.body.metadata;
  const same = await send("PUT", `${services}/web`, made.body);
  expect(same.body.metadata.resourceVersion).toBe(resourceVersion);
  const moved = await send("PUT", `${services}/web`, { ...made.body, spec: { ports: [{ port: 81 }] } });
  expect(moved.status).toBe(200);
  expect(moved.body.metadata.resourceVersion).not.toBe(resourceVersion);
  expect((await send("PUT", `${services}/web`, made.body)).body).toMatchObject({ code: 409, reason: "Conflict" });
});

test("specification and status are written apart, and only the first counts generations", async () => {
  const path = "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways";
  const gateway = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "edge" },
    spec: { gatewayClassName: "sluice" },
    status: { addresses: [] },
  };
  const made = (await send("POST", path, gateway)).body;
  expect(made).not.toHaveProperty("status");
  expect(made.metadata.generation).toBe(1);
  const merge = "application/merge-patch+json";
  const patch = { status: { addresses: [{ value: "a" }] }, spec: { gatewayClassName: "x" } };
  const stated = (await send("PATCH", `${path}/edge/status`, patch, merge)).body;
  expect(stated).toMatchObject({ spec: gateway.spec, status: patch.status, metadata: { generation: 1 } });
  const changed = (await send("PATCH", `${path}/edge`, { ...patch, status: null }, merge)).body;
  expect(changed).toMatchObject({ spec: patch.spec, status: patch.status, metadata: { generation: 2 } });
  expect((await get(`${path.replace("/v1/", "/v1beta1/")}/edge`)).body.apiVersion).toBe(
    "gateway.networking.k8s.io/v1beta1",
  );
});

test("a server without Gateway API is served it once that is installed, in discovery as well", async () => {
  const bare = await startKubernetesApi({ kinds: builtInKinds });
  const groups = async () => {
    const answer = (await (await fetch(`${bare.url}/apis`)).json()) as { groups: { name: string }[] };
    return answer.groups.map(({ name }) => name);
  };
  expect(await groups()).not.toContain("gateway.networking.k8s.io");
  bare.installKinds(gatewayKinds);
  expect(await groups()).toContain("gateway.networking.k8s.io");
  const answer = await fetch(`${bare.url}/apis/gateway.networking.k8s.io`);
  expect(await answer.json()).toMatchObject({ preferredVersion: { version: "v1" } });
  await bare.close();
});

test("a kind that is removed takes its objects along, and one that is installed is served", async () => {
  const path = "/apis/traefik.io/v1alpha1/middlewares";
  api.apply({ apiVersion: "traefik.io/v1alpha1", kind: "Middleware", metadata: { name: "auth" } });
  const { next } = await watch(`${path}?resourceVersion=${api.resourceVersion}`);
  api.removeKinds(traefikKinds());
  expect((await next())?.type).toBe("DELETED");
  expect(await next()).toBeUndefined();
  expect((await get(path)).status).toBe(404);
  expect((await get("/apis/traefik.io/v1alpha1")).status).toBe(404);
  api.installKinds(traefikKinds());
  expect((await list(path)).items).toEqual([]);
});

test.each([
  [{ answer: 500 }, 500],
  [{ answer: 429, retryAfterSeconds: 3 }, 429],
  [{ answer: 503, times: 1 }, 503],
] as const)("a fault %j is answered", async (fault, status) => {
  const set = api.fail({ match: { verb: "list", resource: "services" }, ...fault });
  expect((await get("/api/v1/secrets")).status).toBe(200);
  const answer = await fetch(`${api.url}/api/v1/services`);
  expect(answer.status).toBe(status);
  expect(answer.headers.get("retry-after")).toBe("retryAfterSeconds" in fault ? "3" : null);
  expect(set.hits).toBe(1);
  set.clear();
  expect((await get("/api/v1/services")).status).toBe(200);
});

test.each(["reset", "truncate"] as const)("a fault %s breaks the answer", async (answer) => {
  api.fail({ answer, times: 1 });
  await expect(get("/api/v1/services")).rejects.toThrow();
  expect((await get("/api/v1/services")).status).toBe(200);
});

test("a fault that hangs answers nobody until they leave", async () => {
  api.fail({ answer: "hang", times: 1 });
  const controller = new AbortController();
  const asked = fetch(`${api.url}/api/v1/services`, controller);
  await api.until(() => api.requests.length === 1);
  expect(api.requests[0]?.status).toBeUndefined();
  controller.abort();
  await expect(asked).rejects.toThrow();
});

test("watches are cut, muted and split", async () => {
  const from = `?resourceVersion=${api.resourceVersion}`;
  const cut = await watch(services + from);
  await api.until(() => api.watches().length === 1);
  api.cutWatches();
  await expect(cut.next()).rejects.toThrow();
  api.splitWatches(1);
  const split = await watch(services + from);
  api.apply(service("web"));
  api.emit("services", { type: "ADDED", object: { metadata: { name: "ä€😀" } } });
  expect((await split.next())?.object.metadata.name).toBe("web");
  expect((await split.next())?.object.metadata.name).toBe("ä€😀");
  api.muteWatches();
  api.apply(service("silent"));
  api.endWatches();
  expect(await split.next()).toBeUndefined();
});

test("an event lies about its version, or is never sent", async () => {
  const { next } = await watch(`${services}?resourceVersion=${api.resourceVersion}`);
  api.lie({ resourceVersion: "older", kind: "Service", times: 1 });
  api.apply(service("a"));
  api.lie({ resourceVersion: "missing", times: 1 });
  api.apply(service("b"));
  api.apply(service("quiet"), { quiet: true });
  api.apply(service("c"));
  expect((await next())?.object.metadata.resourceVersion).toBe("7");
  expect((await next())?.object.metadata.resourceVersion).toBeUndefined();
  expect((await next())?.object.metadata).toMatchObject({ name: "c", resourceVersion: api.resourceVersion });
  expect(api.list({ apiVersion: "v1", kind: "Service" })).toHaveLength(4);
});

test("it goes down and comes back on its port with what changed meanwhile", async () => {
  const { url } = api;
  await api.down();
  await expect(get("/api/v1/services")).rejects.toThrow();
  api.apply(service("meanwhile"));
  await api.up();
  expect(api.url).toBe(url);
  expect((await list("/api/v1/services")).items).toHaveLength(1);
});

test("who shows no token is unauthorized, and so is an old one; what is forbidden is so until permitted", async () => {
  const guarded = await startKubernetesApi({ requireToken: true });
  const ask = async (token: string) =>
    (await fetch(`${guarded.url}/api/v1/secrets`, { headers: { authorization: `Bearer ${token}` } })).status;
  const old = guarded.token;
  expect(await ask(old)).toBe(200);
  expect(await ask(guarded.rotateToken())).toBe(200);
  expect(await ask(old)).toBe(401);
  const permit = guarded.forbid({ resource: "secrets" });
  expect(await ask(guarded.token)).toBe(403);
  permit();
  expect(await ask(guarded.token)).toBe(200);
  await guarded.close();
});

test("what Date writes is no MicroTime, and an Event says who reports it", async () => {
  const leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
  const lease = (renewTime: string) => ({ metadata: { name: "agent" }, spec: { renewTime, leaseDurationSeconds: 15 } });
  expect((await send("POST", leases, lease("2026-01-01T00:00:00.000Z"))).status).toBe(400);
  const made = await send("POST", leases, lease("2026-01-01T00:00:00.000000Z"));
  expect(made.status).toBe(201);
  const { resourceVersion: _, ...metadata } = made.body.metadata;
  expect((await send("PUT", `${leases}/agent`, { ...made.body, metadata })).status).toBe(422);
  const event = { metadata: { name: "e", namespace: "default" }, regarding: { namespace: "default" }, type: "Warning" };
  expect((await send("POST", "/apis/events.k8s.io/v1/namespaces/default/events", event)).status).toBe(422);
});

test("an object with finalizers is deleted when the last is taken away", async () => {
  const named = { apiVersion: "v1", kind: "Service" };
  api.apply({ ...service("web"), metadata: { name: "web", finalizers: ["a.b/c"] } as never });
  api.delete(named, "web");
  expect(api.get(named, "web")?.metadata.deletionTimestamp).toBeDefined();
  await send("PATCH", `${services}/web`, { metadata: { finalizers: null } }, "application/merge-patch+json");
  expect(api.get(named, "web")).toBeUndefined();
});
