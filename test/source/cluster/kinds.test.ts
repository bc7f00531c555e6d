import { describe, expect, test } from "vitest";
import type { Kind } from "../../../sync-agent/source/kubernetes-object.ts";
import { allKinds, customKind, type ResourceKind } from "../../doubles/kubernetes-api/resource-kinds.ts";
import { follow, followNew, names, route, service, slice, startApi, statusOf } from "./follow-cluster.ts";

const ofTraefik = (group: string): ResourceKind[] => allKinds.filter((kind) => kind.group === group);
const isTraefik = ({ group }: ResourceKind): boolean => group.startsWith("traefik");
const routeKind = { apiVersion: "traefik.io/v1alpha1", kind: "IngressRoute" };
const kind: Kind = "IngressRoute";

describe("kinds that come and go", () => {
  test("what the server lacks is absent, and waited for by nobody", async () => {
    const { source } = await followNew({ kinds: [] });
    await source.synced;
    expect(statusOf(source, kind)).toMatchObject({ state: "absent", objects: 0 });
    expect(statusOf(source, "HTTPRoute")).toMatchObject({ state: "absent" });
    expect(statusOf(source, "Service")).toMatchObject({ state: "synced", apiVersion: "v1" });
    expect(source.problems()).toEqual([]);
  });

  test("a CRD that is installed later is picked up, and its removal is a problem until it is back", async () => {
    const { api, source, until } = await followNew({ kinds: [] });
    await source.synced;
    api.installKinds(ofTraefik("traefik.io"));
    api.apply(route("a"));
    await until(() => names(source, kind).length === 1);
    api.removeKinds(ofTraefik("traefik.io"));
    await until(() => statusOf(source, kind)?.state === "absent");
    expect(names(source, kind)).toEqual([]);
    expect(source.problems()).toContainEqual(
      expect.objectContaining({ code: "kind-removed", object: { ...routeKind, namespace: "", name: "" } }),
    );
    api.installKinds(ofTraefik("traefik.io"));
    api.apply(route("b"));
    await until(() => names(source, kind).join() === "default/b");
    expect(source.problems()).toEqual([]);
  });

  test("objects stay while discovery cannot be read, or says something else once", async () => {
    const { api, source, until } = await followNew();
    api.apply(route("a"));
    await source.synced;
    let everGone = false;
    source.onChange(() => {
      everGone ||= names(source, kind).length === 0;
    });
    const failing = api.fail({ match: { path: /^\/apis$/ }, answer: 500 });
    await api.until(() => failing.hits > 2);
    const garbled = api.fail({ match: { path: /^\/apis\/traefik.io\/v1alpha1$/ }, answer: 503 });
    failing.clear();
    await api.until(() => garbled.hits > 3);
    expect(statusOf(source, kind)).toMatchObject({ state: "synced", objects: 1 });
    const missing = api.fail({ match: { path: /^\/apis\/traefik.io\/v1alpha1$/ }, answer: 404, times: 1 });
    garbled.clear();
    await api.until(() => missing.hits === 1);
    const looks = (): number => api.requests.filter(({ path }) => path === "/apis").length;
    const before = looks();
    await api.until(() => looks() > before);
    api.apply(route("b"));
    await until(() => names(source, kind).length === 2);
    expect([everGone, source.problems()]).toEqual([false, []]);
  });

  test("a group that cannot be read at first holds `synced` back", async () => {
    const api = await startApi();
    api.apply(route("a"));
    const fault = api.fail({ match: { path: /^\/apis\/traefik.io\/v1alpha1$/ }, answer: 503 });
    const { source } = await follow(api);
    let isSynced = false;
    void source.synced.then(() => {
      isSynced = true;
    });
    await api.until(() => fault.hits > 4);
    expect(isSynced).toBe(false);
    fault.clear();
    await source.synced;
    expect(names(source, kind)).toEqual(["default/a"]);
  });

  test("a server that is starting, and does not list its groups yet, holds `synced` back", async () => {
    const api = await startApi({ kinds: [] });
    const fault = api.fail({ match: { path: /^\/apis\/traefik.io\/v1alpha1$/ }, answer: 503 });
    const { source } = await follow(api);
    let isSynced = false;
    void source.synced.then(() => {
      isSynced = true;
    });
    await api.until(() => fault.hits > 4);
    expect(isSynced).toBe(false);
    api.installKinds(ofTraefik("traefik.io"));
    api.apply(route("a"));
    fault.clear();
    await source.synced;
    expect(names(source, kind)).toEqual(["default/a"]);
    const asked = api.requests.filter(({ path }) => path === "/apis/gateway.networking.k8s.io/v1");
    const looks = (): number => api.requests.filter(({ path }) => path === "/apis").length;
    const before = looks();
    await api.until(() => looks() > before + 2);
    expect(api.requests.filter(({ path }) => path === "/apis/gateway.networking.k8s.io/v1")).toEqual(asked);
  });

  test("the best version is followed, and a better one that comes takes over without a gap", async () => {
    const group = "gateway.networking.k8s.io";
    const { api, source, changes, until } = await followNew({ kinds: [customKind(group, "HTTPRoute", ["v1beta1"])] });
    const object = { apiVersion: `${group}/v1beta1`, kind: "HTTPRoute", metadata: { name: "a", namespace: "default" } };
    api.apply({ ...object });
    await source.synced;
    await until(() => names(source, "HTTPRoute").length === 1);
    let everGone = false;
    source.onChange(() => {
      everGone ||= names(source, "HTTPRoute").length === 0;
    });
    api.installKinds([customKind(group, "HTTPRoute", ["v1", "v1beta1"])]);
    await until(() => source.objects.get("HTTPRoute", "default", "a")?.apiVersion === `${group}/v1`);
    expect([everGone, statusOf(source, "HTTPRoute")?.apiVersion]).toEqual([false, `${group}/v1`]);
    expect(changes.some(({ urgent }) => urgent)).toBe(false);
  });

  test("Endpoints are read only where there are no EndpointSlices", async () => {
    const [modern, old] = [await followNew(), await startApi()];
    await modern.source.synced;
    expect(statusOf(modern.source, "Endpoints")).toBeUndefined();
    expect(modern.api.requests.filter(({ plural }) => plural === "endpoints")).toEqual([]);
    old.fail({ match: { path: /^\/apis\/discovery.k8s.io\/v1$/ }, answer: 404 });
    old.apply({ apiVersion: "v1", kind: "Endpoints", metadata: { name: "web" }, subsets: [] } as never);
    const { source } = await follow(old);
    await source.synced;
    expect(names(source, "Endpoints")).toEqual(["default/web"]);
  });
});

describe("both of Traefik's groups", () => {
  const older = (name: string) => ({ ...route(name, "Host(`old`)"), apiVersion: "traefik.containo.us/v1alpha1" });

  test("are followed; of two equal names that of traefik.io counts, and the other is a problem", async () => {
    const { api, source, until } = await followNew();
    api.apply(older("a"));
    api.apply(older("b"));
    await source.synced;
    await until(() => names(source, kind).length === 2);
    expect(source.problems()).toEqual([]);
    api.apply(route("a"));
    await until(() => source.objects.get(kind, "default", "a")?.apiVersion === "traefik.io/v1alpha1");
    expect(source.problems()).toMatchObject([
      {
        code: "object-shadowed",
        object: { apiVersion: "traefik.containo.us/v1alpha1", name: "a", namespace: "default" },
      },
    ]);
    api.apply(older("a"));
    api.delete(routeKind, "a");
    await until(() => source.objects.get(kind, "default", "a")?.apiVersion === "traefik.containo.us/v1alpha1");
    expect([source.problems(), names(source, kind)]).toEqual([[], ["default/a", "default/b"]]);
  });

  test("the one that goes takes only its own objects along", async () => {
    const { api, source, until } = await followNew();
    api.apply(older("a"));
    api.apply(route("b"));
    await source.synced;
    await until(() => names(source, kind).length === 2);
    api.removeKinds(ofTraefik("traefik.containo.us"));
    await until(() => names(source, kind).join() === "default/b");
    expect(statusOf(source, kind, "traefik.io")).toMatchObject({ state: "synced", objects: 1 });
  });
});

describe("what is forbidden", () => {
  test("is a problem that names the missing rule, blocks nobody for long, and is picked up when permitted", async () => {
    const api = await startApi();
    api.apply(route("a"));
    api.apply(service("web"));
    const permit = api.forbid({ resource: "ingressroutes", group: "traefik.io" });
    const { source, until } = await follow(api);
    await source.synced;
    expect(statusOf(source, kind, "traefik.io")).toMatchObject({ state: "forbidden", objects: 0 });
    expect(names(source, "Service")).toContain("default/web");
    expect(source.problems()).toMatchObject([
      {
        code: "kind-forbidden",
        severity: "error",
        object: { ...routeKind, namespace: "", name: "" },
        hint: "Allow get, list and watch on `ingressroutes` of the API group `traefik.io` in a ClusterRole",
      },
    ]);
    permit();
    await until(() => names(source, kind).length === 1);
    await until(() => source.problems().length === 0);
    expect(statusOf(source, kind, "traefik.io")?.state).toBe("synced");
  });

  test("a role that is made a moment later is waited for", async () => {
    const api = await startApi();
    api.apply(route("a"));
    const permit = api.forbid({ resource: "ingressroutes" });
    const { source } = await follow(api, { times: { forbiddenDeadlineMs: 60_000, forbiddenRetryMs: 5 } });
    await api.until(
      () => api.requests.filter(({ plural, status }) => plural === "ingressroutes" && status === 403).length > 3,
    );
    permit();
    await source.synced;
    expect(names(source, kind)).toEqual(["default/a"]);
  });

  test("what was read before it became forbidden stays", async () => {
    const { api, source, until } = await followNew();
    api.apply(route("a"));
    await source.synced;
    await until(() => names(source, kind).length === 1);
    const permit = api.forbid({ resource: "ingressroutes", group: "traefik.io" });
    api.endWatches();
    await until(() => statusOf(source, kind)?.state === "forbidden");
    api.apply(route("b"));
    expect(names(source, kind)).toEqual(["default/a"]);
    permit();
    await until(() => names(source, kind).length === 2);
  });

  test("with lists allowed and watches not, lists tell", async () => {
    const api = await startApi();
    api.forbid({ resource: "ingressroutes", group: "traefik.io", verb: "watch" });
    const { source, until } = await follow(api);
    await source.synced;
    await until(() => source.problems().some(({ message }) => message.includes("let the agent watch ingressroutes")));
    api.apply(route("a"));
    await until(() => names(source, kind).length === 1);
  });
});

describe("with namespaces", () => {
  test("each is read by itself, and nothing beyond them is asked for or needed", async () => {
    const api = await startApi();
    for (const namespace of ["one", "two", "three"]) api.apply(route("a", "Host(`a`)", namespace));
    api.forbid({ verb: ["list", "watch"], namespace: "" });
    const { source, until } = await follow(api, { namespaces: ["one", "two"], times: { forbiddenDeadlineMs: 60_000 } });
    await source.synced;
    expect(names(source, kind)).toEqual(["one/a", "two/a"]);
    expect(source.problems().map(({ severity }) => severity)).toEqual(source.problems().map(() => "notice"));
    expect(source.problems().map(({ object }) => object.kind)).toContain("Namespace");
    const asked = api.requests.filter(({ plural }) => plural === "ingressroutes").map(({ namespace }) => namespace);
    expect(new Set(asked)).toEqual(new Set(["one", "two"]));
    api.delete(routeKind, { name: "a", namespace: "two" });
    await until(() => names(source, kind).join() === "one/a");
    expect(statusOf(source, kind)).toMatchObject({ state: "synced", objects: 1 });
  });

  test("one that is forbidden is a problem there, and the others are read", async () => {
    const api = await startApi();
    for (const namespace of ["one", "two"]) api.apply(route("a", "Host(`a`)", namespace));
    api.forbid({ namespace: "two", resource: "ingressroutes", group: "traefik.io" });
    const { source } = await follow(api, { namespaces: ["one", "two"] });
    await source.synced;
    expect(names(source, kind)).toEqual(["one/a"]);
    expect(source.problems()).toMatchObject([
      { code: "kind-forbidden", object: { namespace: "two" }, hint: expect.stringContaining("a Role there") },
    ]);
  });
});

describe("what is left to the server to select", () => {
  test("Secrets of Helm and of service accounts are not sent", async () => {
    const api = await startApi();
    const types = [
      "Opaque",
      "kubernetes.io/tls",
      "kubernetes.io/basic-auth",
      "helm.sh/release.v1",
      "kubernetes.io/service-account-token",
    ];
    for (const [index, type] of types.entries()) {
      api.apply({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: `s${index}` },
        type,
        data: { a: "Yg==" },
      } as never);
    }
    const { source, until } = await follow(api);
    await source.synced;
    expect(names(source, "Secret")).toEqual(["default/s0", "default/s1", "default/s2"]);
    expect(source.objects.get("Secret", "default", "s0")).toMatchObject({ data: { a: "Yg==" } });
    api.delete({ apiVersion: "v1", kind: "Secret" }, "s0");
    await until(() => names(source, "Secret").length === 2);
  });

  test("EndpointSlices of no Service are not sent, and one that loses its Service is gone", async () => {
    const api = await startApi();
    const web = slice("s", "web", { "10.0.0.1": { ready: true } });
    api.apply(web);
    api.apply({ ...web, metadata: { name: "none", namespace: "default" } });
    const { source, changes, until } = await follow(api);
    await source.synced;
    await until(() => api.watches("endpointslices").length > 0);
    expect(names(source, "EndpointSlice")).toEqual(["default/s"]);
    api.apply({ ...web, metadata: { name: "s", namespace: "default" } });
    await until(() => names(source, "EndpointSlice").length === 0);
    expect(changes.at(-1)).toEqual({ urgent: true });
  });
});

test("kinds of other groups with the same names are not read", async () => {
  const { api, source } = await followNew({
    kinds: [...allKinds.filter((one) => !isTraefik(one)), customKind("networking.istio.io", "Gateway", ["v1"])],
  });
  await source.synced;
  expect(api.requests.some(({ group }) => group === "networking.istio.io")).toBe(false);
});
