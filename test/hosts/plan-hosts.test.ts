import { describe, expect, test } from "vitest";
import type { ChildRouter } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";
import { hostProblems } from "../../sync-agent/hosts/host-problems.ts";
import { emptyRecord } from "../../sync-agent/hosts/host-record.ts";
import {
  type AttachedHosts,
  DETACH_AFTER_MS,
  type HostsInput,
  MOST_CHANGES,
  planHosts,
} from "../../sync-agent/hosts/plan-hosts.ts";
import { requiredHosts } from "../../sync-agent/hosts/required-hosts.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { objectsOf, traefik } from "../translate/translate-text.ts";
import { parseHostRule } from "./host-rule.ts";

const NOW = 1_800_000_000_000;
const domain = (hostname: string, id = `id-${hostname}`, service = "sluice") => ({ id, hostname, service });
const route = (pattern: string, script: string | undefined = "sluice") => ({ pattern, script });

function plan(rules: string[], attached: Partial<AttachedHosts> = {}, change: Partial<HostsInput> = {}) {
  return planHosts({
    required: requiredHosts({ routers: rules.map(parseHostRule), services: {} }),
    attached: { domains: [], routes: [], zones: ["example.com"], ...attached },
    worker: "sluice",
    record: emptyRecord(),
    neededByOthers: new Set(),
    postponed: new Set(),
    manage: true,
    mayDetach: true,
    now: NOW,
    ...change,
  });
}
const states = (...args: Parameters<typeof plan>): string[] =>
  plan(...args).hosts.map(({ required: { host }, state }) => `${host} ${state}`);

describe("how a host stands", () => {
  const app = "Host(`app.example.com`)";
  const cases: [string, string, Partial<AttachedHosts>, string][] = [
    ["a custom domain", app, { domains: [domain("app.example.com")] }, "attached"],
    ["a custom domain in capitals", app, { domains: [domain("App.Example.com")] }, "attached"],
    ["a custom domain of another Worker", app, { domains: [domain("app.example.com", "1", "shop")] }, "taken"],
    ["a custom domain of another host", app, { domains: [domain("b.example.com")] }, "missing"],
    ["a route", app, { routes: [route("app.example.com/*")] }, "routed"],
    ["a wildcard route", app, { routes: [route("*.example.com/*")] }, "routed"],
    ["a route of the zone and below", app, { routes: [route("*example.com/*")] }, "routed"],
    ["a route over HTTPS", app, { routes: [route("https://app.example.com/*")] }, "routed"],
    ["a route over HTTP only", app, { routes: [route("http://app.example.com/*")] }, "missing"],
    ["a route for one path", app, { routes: [route("app.example.com/")] }, "missing"],
    ["a route for some paths", app, { routes: [route("app.example.com/api/*")] }, "missing"],
    [
      "a route for all that the rule takes",
      `${app} && PathPrefix(\`/api/v1\`)`,
      { routes: [route("app.example.com/api/*")] },
      "routed",
    ],
    ["another host's route", app, { routes: [route("*.app.example.com/*")] }, "missing"],
    ["another Worker's route", app, { routes: [route("*.example.com/*", "shop")] }, "taken"],
    [
      "a route is before a custom domain",
      app,
      { domains: [domain("app.example.com")], routes: [route("app.example.com/*", "logger")] },
      "taken",
    ],
    [
      "the more specific route is ours",
      app,
      { routes: [route("*.example.com/*", "shop"), route("app.example.com/*")] },
      "routed",
    ],
    [
      "the more specific route is another's",
      app,
      { routes: [route("*.example.com/*"), route("app.example.com/*", "shop")] },
      "taken",
    ],
    [
      "a route without a Worker",
      app,
      { routes: [route("*.example.com/*"), { pattern: "app.example.com/*", script: undefined }] },
      "taken",
    ],
    ["no zone", "Host(`app.example.net`)", {}, "no-zone"],
    ["a zone whose name only ends so", "Host(`badexample.com`)", {}, "no-zone"],
    ["zones that may not be read", "Host(`app.example.net`)", { zones: undefined }, "missing"],
    ["routes that may not be read", app, { routes: undefined }, "unknown"],
    ["a wildcard", "Host(`*.example.com`)", { routes: [route("*.example.com/*")] }, "routed"],
    ["a wildcard within a wider one", "Host(`*.a.example.com`)", { routes: [route("*.example.com/*")] }, "routed"],
    ["a wildcard and a custom domain", "Host(`*.example.com`)", { domains: [domain("a.example.com")] }, "missing"],
    ["the apex under a wildcard", "Host(`example.com`)", { routes: [route("*.example.com/*")] }, "missing"],
  ];
  test.each(cases)("%s", (_, rule, attached, state) => {
    expect(states([rule], attached)[0]?.split(" ")[1]).toBe(state);
  });

  test("rules for every host need none, and each host is named once", () => {
    expect(states(["PathPrefix(`/`)", "HostRegexp(`.*`)"])).toEqual([]);
    const rules = ["Host(`b.example.com`) || Host(`a.example.com`)", "Host(`a.example.com`) && Path(`/x`)"];
    expect(states(rules)).toEqual(["a.example.com missing", "b.example.com missing"]);
  });
});

describe("the hosts of routes below routes", () => {
  const to = (rule: string, service: string) => ({ ...parseHostRule(rule), tieBreaker: `${rule} ${service}`, service });
  const child = (rule: string, service: string): ChildRouter => {
    const { entryPoints: _, tls: __, ...router } = to(rule, service);
    return router;
  };
  const services: Table["services"] = {
    first: {
      type: "routers",
      routers: [child("Host(`a.example.com`)", "app"), child("PathPrefix(`/x`)", "second")],
    },
    second: {
      type: "routers",
      routers: [child("Host(`b.example.com`)", "app"), child("PathPrefix(`/y`)", "first")],
    },
    app: { type: "status", status: 200 },
  };
  test.each<[string, string, string[]]>([
    ["a route for every host needs them", "PathPrefix(`/`)", ["a.example.com", "b.example.com"]],
    ["so does one for some paths", "PathPrefix(`/shop`)", ["a.example.com /shop", "b.example.com /shop"]],
    ["a route with a host needs its own alone", "Host(`top.example.com`)", ["top.example.com"]],
  ])("%s", (_, rule, hosts) => {
    const required = requiredHosts({ routers: [to(rule, "first")], services });
    expect(required.map(({ host, paths: [path] }) => `${host} ${path?.value ?? ""}`.trim())).toEqual(hosts);
  });

  test("their problems are told at the routes that name them", () => {
    const [a] = requiredHosts({ routers: [to("PathPrefix(`/`)", "first")], services });
    expect(a?.routers.map(({ ruleText }) => ruleText)).toEqual(["Host(`a.example.com`)"]);
  });
});

describe("what is changed", () => {
  const rules = ["Host(`a.example.com`)", "Host(`*.example.com`)", "Host(`x.example.net`)"];

  test("what is missing and can be attached is, by whoever manages hosts", () => {
    expect(plan(rules).attach).toEqual(["a.example.com"]);
    expect(plan(rules, {}, { manage: false }).attach).toEqual([]);
    expect(plan(rules, {}, { postponed: new Set(["a.example.com"]) }).attach).toEqual([]);
  });

  test("what is taken or may be routed is not", () => {
    expect(plan(rules, { domains: [domain("a.example.com", "1", "shop")] }).attach).toEqual([]);
    expect(plan(rules, { routes: undefined }).attach).toEqual([]);
  });

  const owned = { ...emptyRecord(), owned: { "old.example.com": "1" }, unusedSince: { "old.example.com": 0 } };
  const domains = [domain("old.example.com", "1"), domain("a.example.com")];

  test("what nothing needs any more is detached after a while", () => {
    const fresh = plan(rules, { domains }, { record: { ...owned, unusedSince: {} } });
    expect(fresh).toMatchObject({ detach: [], unused: ["old.example.com"] });
    expect(fresh.record.unusedSince).toEqual({ "old.example.com": NOW });
    const later = { record: fresh.record, now: NOW + DETACH_AFTER_MS };
    expect(plan(rules, { domains }, { ...later, now: later.now - 1 }).detach).toEqual([]);
    expect(plan(rules, { domains }, later).detach).toEqual([{ host: "old.example.com", id: "1" }]);
  });

  test("what is needed again is not unused any more", () => {
    const again = plan(["Host(`old.example.com`)"], { domains }, { record: owned });
    expect(again).toMatchObject({ detach: [], unused: [], record: { unusedSince: {} } });
  });

  const never: [string, Partial<AttachedHosts>, Partial<HostsInput>][] = [
    ["that a person attached", { domains }, { record: emptyRecord() }],
    ["that a person attached again", { domains: [domain("old.example.com", "2")] }, { record: owned }],
    ["that is another Worker's now", { domains: [domain("old.example.com", "1", "shop")] }, { record: owned }],
    ["while the table is in doubt", { domains }, { record: owned, mayDetach: false }],
    ["without being told to manage hosts", { domains }, { record: owned, manage: false }],
    ["that another publisher needs", { domains }, { record: owned, neededByOthers: new Set(["old.example.com"]) }],
    ["when no host is needed at all", { domains }, { record: owned, required: [] }],
  ];
  test.each(never)("nothing is detached %s", (_, attached, change) => {
    expect(plan(rules, attached, change).detach).toEqual([]);
  });

  test("what is ours no longer leaves the record", () => {
    const { record } = plan(rules, { domains: [domain("old.example.com", "2")] }, { record: owned });
    expect(record.owned).toEqual({});
  });

  test("few changes at a time", () => {
    const many = Array.from({ length: 30 }, (_, index) => `Host(\`h${index}.example.com\`)`);
    expect(plan(many).attach).toHaveLength(MOST_CHANGES);
    const all = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`o${index}.example.com`, `${index}`]));
    const record = {
      ...emptyRecord(),
      owned: all,
      unusedSince: Object.fromEntries(Object.keys(all).map((host) => [host, 0])),
    };
    const held = Object.entries(all).map(([host, id]) => domain(host, id));
    expect(plan(rules, { domains: held }, { record }).detach).toHaveLength(MOST_CHANGES);
  });
});

describe("problems", () => {
  const objects = createObjectStore(objectsOf(traefik("IngressRoute", "app", "routes: []")));
  const said = (...args: Parameters<typeof plan>) =>
    hostProblems(plan(...args).hosts, objects, new Map([["c.example.com", "it has a DNS record"]]));

  test("one for each host that does not reach the Worker, at the object that needs it", () => {
    const rules = [
      "Host(`a.example.com`)",
      "Host(`b.example.com`)",
      "Host(`*.example.com`)",
      "Host(`c.example.com`)",
      "Host(`d.net`)",
    ];
    const problems = said(rules, { domains: [domain("a.example.com"), domain("b.example.com", "1", "shop")] });
    expect(problems.map(({ message }) => message)).toEqual([
      "The Worker is not attached to the host `*.example.com`: its requests go elsewhere",
      "Requests for `b.example.com` do not reach the Worker: a custom domain of the Worker `shop` has them",
      "The host `c.example.com` could not be attached to the Worker: it has a DNS record",
      "Requests for `d.net` do not reach the Worker: no zone of the account holds it",
    ]);
    expect(problems[0]).toMatchObject({
      code: "host-not-attached",
      object: { apiVersion: "traefik.io/v1alpha1", kind: "IngressRoute", namespace: "default", name: "app" },
    });
  });

  test("an object is told once of each host", () => {
    expect(said(["Host(`a.example.com`) && Path(`/x`)", "Host(`a.example.com`) && Path(`/y`)"])).toHaveLength(1);
  });
});
