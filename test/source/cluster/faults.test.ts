import { describe, expect, test } from "vitest";
import type { Kind } from "../../../sync-agent/source/kubernetes-object.ts";
import type { KubernetesApi } from "../../doubles/kubernetes-api/kubernetes-api.ts";
import { type Following, follow, followNew, names, route, service, slice, statusOf } from "./follow-cluster.ts";

const routes = { resource: "ingressroutes", group: "traefik.io" };
const kind: Kind = "IngressRoute";
const routeKind = { apiVersion: "traefik.io/v1alpha1", kind };

/** Two routes, followed: what every test begins with. */
async function followRoutes(options: Parameters<typeof followNew>[0] = {}): Promise<Following> {
  const following = await followNew(options);
  const { api, source, until } = following;
  api.apply(route("a"));
  api.apply(route("b"));
  await source.synced;
  await until(() => names(source, kind).length === 2 && isFollowed(following));
  return following;
}

const isFollowed = ({ source, api }: Following): boolean =>
  statusOf(source, kind, "traefik.io")?.state === "synced" && api.watches("ingressroutes").length > 0;

/** What happens to a cluster while it cannot be seen: one goes, one changes, one comes. */
function change(api: KubernetesApi): void {
  api.delete({ apiVersion: "traefik.io/v1alpha1", kind }, "a");
  api.apply(route("b", "Host(`changed`)"));
  api.apply(route("c"));
}

const hasChanged = ({ source }: Following): boolean =>
  names(source, kind).join() === "default/b,default/c" &&
  JSON.stringify(source.objects.get(kind, "default", "b")).includes("changed");

describe("a watch", () => {
  const cases: [name: string, fault: (api: KubernetesApi) => unknown][] = [
    ["that hears of changes", () => {}],
    ["that ends", (api) => api.endWatches()],
    ["that is cut with an RST", (api) => api.cutWatches()],
    ["that falls silent", (api) => api.muteWatches()],
    ["whose version is too old", (api) => outdate(api)],
    ["that is told 410 in the middle", (api) => tellError(api, 410, "Expired")],
    ["that is told 500 in the middle", (api) => tellError(api, 500, "InternalError")],
    ["that says what is no event", (api) => api.emit("ingressroutes", { type: "HELLO", object: {} })],
    ["that says what is no JSON", (api) => api.emit("ingressroutes", "}{")],
    ["that is answered 410", (api) => refuseWatches(api, 410)],
    ["that is answered 500", (api) => refuseWatches(api, 500)],
    ["that is answered 401", (api) => refuseWatches(api, 401)],
    ["that is answered 400", (api) => refuseWatches(api, 400)],
    ["that is answered 504", (api) => refuseWatches(api, 504)],
    ["that is never answered", (api) => refuseWatches(api, "hang")],
    ["that is reset", (api) => refuseWatches(api, "reset")],
    ["that is truncated", (api) => refuseWatches(api, "truncate")],
    ["that is answered with a page of HTML", (api) => refuseWatches(api, "garbage")],
    ["in pieces of two bytes", (api) => split(api)],
  ];
  test.each(cases)("%s", async (_, fault) => {
    const following = await followRoutes();
    fault(following.api);
    change(following.api);
    await following.until(() => hasChanged(following));
    expect(following.source.problems()).toEqual([]);
  });

  test.each(["older", "missing", "garbage"] as const)(
    "that says a version that is %s is a problem until it says one that can be",
    async (resourceVersion) => {
      const following = await followRoutes();
      const { api, source, until } = following;
      api.lie({ resourceVersion, times: 1 });
      change(api);
      await until(() => hasChanged(following));
      expect(source.problems()).toMatchObject([
        { code: "version-distrusted", object: { ...routeKind, namespace: "default", name: "a" } },
      ]);
      await until(() => isFollowed(following));
      api.apply(route("d"));
      await until(() => names(source, kind).includes("default/d") && source.problems().length === 0);
    },
  );

  test("that is told to wait waits", async () => {
    const following = await followRoutes();
    const { api, until } = following;
    const fault = api.fail({ match: { ...routes, verb: "watch" }, answer: 429, retryAfterSeconds: 1, times: 1 });
    const from = performance.now();
    api.endWatches();
    change(api);
    await until(() => hasChanged(following));
    expect(fault.hits).toBe(1);
    expect(performance.now() - from).toBeGreaterThan(990);
  });

  test("that says nothing for long is begun again where it stood, without a list", async () => {
    const following = await followRoutes();
    const { api, until } = following;
    const from = api.requests.length;
    api.muteWatches();
    change(api);
    await until(() => hasChanged(following));
    const verbs = api.requests.slice(from).filter(({ plural }) => plural === "ingressroutes");
    expect(verbs.map(({ verb }) => verb)).toContain("watch");
    expect(verbs.map(({ verb }) => verb)).not.toContain("list");
  });

  test("with bookmarks goes on where they say", async () => {
    const following = await followRoutes();
    const { api, source } = following;
    api.apply(service("other"));
    const version = api.resourceVersion;
    const heardAt = statusOf(source, kind)?.heardAt ?? 0;
    api.bookmark();
    api.endWatches();
    const isResumed = (): boolean =>
      api.requests.some(({ plural, query }) => plural === "ingressroutes" && query.get("resourceVersion") === version);
    await api.until(isResumed);
    expect(statusOf(source, kind)?.heardAt).toBeGreaterThanOrEqual(heardAt);
  });

  function outdate(api: KubernetesApi): void {
    api.endWatches();
    api.apply(service("other"));
    api.compact();
  }

  function split(api: KubernetesApi): void {
    api.splitWatches(2);
    api.endWatches();
  }

  const tellError = (api: KubernetesApi, code: number, reason: string): void =>
    api.emit("ingressroutes", { type: "ERROR", object: { kind: "Status", status: "Failure", code, reason } });

  function refuseWatches(api: KubernetesApi, answer: Parameters<KubernetesApi["fail"]>[0]["answer"]): void {
    api.fail({ match: { ...routes, verb: "watch" }, answer, times: 2 });
    api.endWatches();
  }
});

describe("a list", () => {
  test.each([500, 401, 429, 410, "reset", "hang", "silent", "truncate", "garbage"] as const)(
    "that is answered %s keeps what was there, and is read when it can be",
    async (answer) => {
      const following = await followRoutes();
      const { api, source, until } = following;
      const fault = api.fail({ match: { ...routes, verb: "list" }, answer });
      api.endWatches();
      api.compact();
      await until(() => statusOf(source, kind)?.state === "stale" && fault.hits > 1);
      expect(names(source, kind)).toEqual(["default/a", "default/b"]);
      change(api);
      fault.clear();
      await until(() => hasChanged(following) && isFollowed(following));
      expect(statusOf(source, kind)).not.toHaveProperty("error");
    },
  );

  test("that fails at first holds `synced` back", async () => {
    const api = (await followRoutes()).api;
    const fault = api.fail({ match: { ...routes, verb: "list" }, answer: 500 });
    const { source } = await follow(api);
    let isSynced = false;
    void source.synced.then(() => {
      isSynced = true;
    });
    await api.until(() => fault.hits > 5);
    expect([isSynced, statusOf(source, kind)?.state]).toEqual([false, "syncing"]);
    fault.clear();
    await source.synced;
    expect(names(source, kind)).toHaveLength(2);
  });

  test("of many pages, whose tokens end twice on the way", async () => {
    const { api, source, until } = await followNew();
    await source.synced;
    api.endWatches("services");
    const compactions: number[] = [];
    const isPage = ({ plural, query }: { plural: string; query: URLSearchParams }): boolean =>
      plural === "services" && query.has("continue");
    const expire = (request: { plural: string; query: URLSearchParams }): boolean => {
      if (isPage(request) && compactions.length < 2) {
        compactions.push(1);
        api.compact();
      }
      return false;
    };
    api.fail({ match: expire, answer: 500 });
    for (let n = 0; n < 2_100; n += 1) api.apply(service(`s${n}`), { quiet: true });
    api.compact();
    await until(() => names(source, "Service").length === 2_100);
    expect(compactions).toHaveLength(2);
    const sizes = api.requests
      .filter((request) => request.plural === "services")
      .map(({ query }) => query.get("limit"));
    expect(sizes).toContain("2000");
  });

  test("finds out what no watch tells", async () => {
    const following = await followNew({ times: { relistMs: 100, watchMs: 300 } });
    const { api, source, until } = following;
    await source.synced;
    await until(() => api.watches("ingressroutes").length > 0);
    api.apply(route("quiet"), { quiet: true });
    await until(() => names(source, kind).length === 1);
    api.delete({ apiVersion: "traefik.io/v1alpha1", kind }, "quiet", { quiet: true });
    await until(() => names(source, kind).length === 0);
  });
});

test("a server that goes down and comes back with other objects", async () => {
  const following = await followRoutes();
  const { api, source, until } = following;
  const objects = [...source.objects.list(kind)];
  await api.down();
  change(api);
  await until(() => source.status().every(({ state }) => state === "stale" || state === "absent"));
  expect([...source.objects.list(kind)]).toEqual(objects);
  await api.up();
  await until(
    () => hasChanged(following) && source.status().every(({ state }) => state === "synced" || state === "absent"),
  );
});

test("a server that calls the version that was reached one of the future", async () => {
  const following = await followRoutes();
  const { api, until } = following;
  const reached = api.resourceVersion;
  const isStuck = ({ verb, query }: { verb: string; query: URLSearchParams }): boolean =>
    verb === "watch" && Number(query.get("resourceVersion")) <= Number(reached);
  api.fail({ match: isStuck, answer: 504 });
  api.endWatches();
  change(api);
  await until(() => hasChanged(following));
});

test("a list that finds nothing new says nothing", async () => {
  const { api, changes } = await followRoutes({ times: { relistMs: 50, watchMs: 50 } });
  const lists = (): number =>
    api.requests.filter(({ plural, verb }) => plural === "ingressroutes" && verb === "list").length;
  const [before, told] = [lists(), changes.length];
  await api.until(() => lists() > before + 2);
  expect(changes.length).toBe(told);
});

test("a server that cannot be reached at all says why in the status", async () => {
  const { api } = await followNew();
  await api.down();
  const { source, until } = await follow(api);
  await until(() => source.status().some(({ error }) => error?.includes("cannot be reached")));
  expect(source.status().every(({ state }) => state === "syncing")).toBe(true);
});

test("a token that rotates", async () => {
  const following = await followRoutes({ requireToken: true });
  const { api, until } = following;
  api.rotateToken();
  api.kubeconfigPath();
  api.cutWatches();
  change(api);
  await until(() => hasChanged(following));
});

describe("the end of an endpoint is urgent", () => {
  const both = slice("s", "web", { "10.0.0.1": { ready: true }, "10.0.0.2": { ready: true } });
  function removeUnseen(api: KubernetesApi): void {
    api.endWatches("endpointslices");
    api.delete(both, "s", { quiet: true });
    api.compact();
  }

  const cases: [name: string, change: (api: KubernetesApi) => unknown, isUrgent: boolean][] = [
    ["when it is gone", (api) => api.apply(slice("s", "web", { "10.0.0.1": { ready: true } })), true],
    [
      "when it terminates",
      (api) =>
        api.apply(slice("s", "web", { "10.0.0.1": { ready: true }, "10.0.0.2": { ready: false, terminating: true } })),
      true,
    ],
    ["with its slice", (api) => api.delete(both, "s"), true],
    ["found by a list", (api) => removeUnseen(api), true],
    ["not when another comes", (api) => api.apply(slice("t", "web", { "10.0.0.3": { ready: true } })), false],
  ];
  test.each(cases)("%s", async (_, change, isUrgent) => {
    const { api, source, changes, until } = await followNew();
    api.apply(both);
    await source.synced;
    await until(() => source.objects.endpointSlices("default", "web").length === 1);
    await until(() => api.watches("endpointslices").length > 0);
    expect(changes.some(({ urgent }) => urgent)).toBe(false);
    const before = source.objects.endpointSlices("default", "web");
    change(api);
    await until(() => source.objects.endpointSlices("default", "web") !== before);
    expect(changes.some(({ urgent }) => urgent)).toBe(isUrgent);
  });
});
