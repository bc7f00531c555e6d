import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { Service } from "../../../src/table/service.ts";
import type { Table } from "../../../src/table/table.ts";
import { createObjectStore } from "../../../sync-agent/source/memory-store.ts";
import { defaultSettings } from "../../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../../sync-agent/translate/translate.ts";
import { linesOf, objectsOf, services, traefik, translateText } from "../translate-text.ts";

const host = "Host(`a.example`)";
/** A route without services, for others to stand below. */
const top = (name: string, more = "") =>
  traefik("IngressRoute", name, `entryPoints: [web]\nroutes: [{ match: "${host}"${more} }]`);
const child = (name: string, parents: string, routes: string, more = "") =>
  traefik("IngressRoute", name, `parentRefs: [${parents}]\nroutes: [${routes}]${more}`);
const to = (service: string, match: string, more = "") =>
  `{ match: "${match}", services: [{ name: ${service}, port: 80 }]${more} }`;
const between = (match: string) => `{ match: "${match}" }`;

type Tree = { [rule: string]: Tree | string };

/** The routers of a table by their rules, each with those below it, or with who answers. */
function treeOf({ routers, services: all }: Pick<Table, "routers" | "services">): Tree {
  const below = (name: string): Tree | string => {
    const service: Service | undefined = all[name];
    if (service?.type === "routers") {
      return Object.fromEntries(service.routers.map((router) => [router.ruleText, below(router.service)]));
    }
    return service?.type === "loadBalancer" ? service.endpoints : name;
  };
  return Object.fromEntries(routers.map((router) => [router.ruleText, below(router.service)]));
}

describe("routes below routes", () => {
  it("come into the table with the one at the top, the one that is asked first in front", () => {
    const { table, problems } = translateText(
      top("top", ", middlewares: [{ name: m }]") +
        traefik("Middleware", "m", "headers: { customRequestHeaders: { X-User: ann } }") +
        child(
          "low",
          "{ name: top }",
          `${to("app", "Path(`/`)")}, ${to("api", "PathPrefix(`/api`)", ", priority: 50")}`,
        ) +
        services("app", "api"),
    );
    expect(linesOf({ problems })).toEqual([]);
    expect(table.routers).toHaveLength(1);
    expect(table.routers[0]).toMatchObject({
      entryPoints: ["web"],
      service: "default/top@routers",
      middlewares: ["default-m@kubernetescrd"],
    });
    expect(table.services["default/top@routers"]).toEqual({
      type: "routers",
      routers: [
        {
          name: expect.stringMatching(/^default-low-[0-9a-f]{20}@kubernetescrd$/),
          rule: { type: "pathPrefix", path: "/api" },
          ruleText: "PathPrefix(`/api`)",
          priority: 50,
          tieBreaker: "1 ~ default/low IngressRoute 00001",
          middlewares: [],
          service: expect.stringMatching(/^default-low-/),
        },
        expect.objectContaining({ ruleText: "Path(`/`)", priority: 9 }),
      ],
    });
    expect(Object.keys(table.endpoints).sort()).toEqual(["default-api-80", "default-app-80"]);
  });

  test.each<[string, string, Tree]>([
    [
      "over several levels",
      top("top") +
        child("mid", "{ name: top }", between("PathPrefix(`/a`)")) +
        child("low", "{ name: mid }", to("app", "PathPrefix(`/a/b`)")),
      { [host]: { "PathPrefix(`/a`)": { "PathPrefix(`/a/b`)": "default-app-80" } } },
    ],
    [
      "of two objects below one, and one below two",
      top("top") +
        traefik("IngressRoute", "other", 'routes: [{ match: "Host(`b.example`)" }]') +
        child("low", "{ name: top }, { name: other }", to("app", "Path(`/`)")) +
        child("more", "{ name: other }", to("api", "PathPrefix(`/api`)")),
      {
        [host]: { "Path(`/`)": "default-app-80" },
        "Host(`b.example`)": { "PathPrefix(`/api`)": "default-api-80", "Path(`/`)": "default-app-80" },
      },
    ],
    [
      "below each route of an object that has no services of its own",
      traefik(
        "IngressRoute",
        "top",
        `routes: [{ match: "Path(\`/1\`)" }, ${to("api", "Path(`/2`)")}, { match: "Path(\`/3\`)", services: [] }, { match: "Path(\`/4\`)", services: }]`,
      ) + child("low", "{ name: top }", to("app", "Path(`/`)")),
      {
        "Path(`/1`)": { "Path(`/`)": "default-app-80" },
        "Path(`/2`)": "default-api-80",
        "Path(`/3`)": { "Path(`/`)": "default-app-80" },
        "Path(`/4`)": { "Path(`/`)": "default-app-80" },
      },
    ],
    [
      "named twice by one reference",
      top("top") + child("low", "{ name: top }, { name: top, namespace: default }", to("app", "Path(`/`)")),
      { [host]: { "Path(`/`)": "default-app-80" } },
    ],
  ])("stand %s", (_, text, tree) => {
    const result = translateText(text + services("app", "api"));
    expect(linesOf(result)).toEqual([]);
    expect(treeOf(result.table)).toEqual(tree);
  });

  it("of another namespace stand there only where that is allowed", () => {
    const text =
      top("top") +
      traefik(
        "IngressRoute",
        "low",
        `parentRefs: [{ name: top, namespace: default }]\nroutes: [${to("app", "Path(`/`)")}]`,
        ", namespace: far",
      ) +
      services("app").replace("name: app", "name: app, namespace: far");
    expect(linesOf(translateText(text))).toEqual([
      "error invalid-field IngressRoute/top spec.routes.0",
      "error cross-namespace-reference IngressRoute/low spec.parentRefs.0.namespace",
    ]);
    const allowed = translateText(text, (settings) => {
      settings.crd.allowCrossNamespace = true;
    });
    expect(linesOf(allowed)).toEqual([]);
    expect(treeOf(allowed.table)).toEqual({ [host]: { "Path(`/`)": "far-app-80" } });
  });

  it("of a class that is not taken are neither children nor parents", () => {
    const text =
      top("top") +
      traefik(
        "IngressRoute",
        "low",
        `ingressClassName: other\nparentRefs: [{ name: top }]\nroutes: [${to("app", "Path(`/`)")}]`,
      ) +
      traefik("IngressRoute", "far", "ingressClassName: other\nroutes: [{ match: 'Path(`/`)' }]") +
      child("lost", "{ name: far }", to("app", "Path(`/x`)")) +
      services("app");
    const result = translateText(text);
    expect(linesOf(result)).toEqual([
      "error parent-not-found IngressRoute/lost spec.parentRefs.0.name",
      "error invalid-field IngressRoute/top spec.routes.0",
    ]);
    expect(result.table.routers).toHaveLength(1);
  });

  it("keep their guards, and are closed without them", () => {
    const { table } = translateText(
      top("top") +
        child("low", "{ name: top }", to("app", "Path(`/`)", ", middlewares: [{ name: gone }]")) +
        services("app"),
    );
    expect(table.services["default/top@routers"]).toMatchObject({
      routers: [{ closedBy: "middleware-not-found", middlewares: [] }],
    });
  });

  it("have names of their own also where two objects make the same", () => {
    const at = (namespace: string, name: string, service: string) =>
      traefik(
        "IngressRoute",
        name,
        `parentRefs: [{ name: top, namespace: default }]\nroutes: [${to(service, "Path(`/`)")}]`,
        `, namespace: ${namespace}`,
      ) + services(service).replace(`name: ${service}`, `name: ${service}, namespace: ${namespace}`);
    const { table } = translateText(top("top") + at("a", "b-c", "one") + at("a-b", "c", "two"), (settings) => {
      settings.crd.allowCrossNamespace = true;
    });
    const below = table.services["default/top@routers"];
    const targets = below?.type === "routers" ? below.routers.map(({ service }) => table.services[service]) : [];
    expect(targets).toMatchObject([{ endpoints: "a-b-two-80" }, { endpoints: "a-one-80" }]);
  });

  it("are left out, the last in order first, where there are very many", () => {
    const many = Array.from({ length: 104 }, (_, index) =>
      to("app", `Path(\`/${index}\`)`, `, priority: ${index + 1}`),
    );
    const result = translateText(top("top") + child("low", "{ name: top }", many.join(", ")) + services("app"));
    expect(linesOf(result)).toEqual(["error too-many-routes IngressRoute/top spec"]);
    const below = result.table.services["default/top@routers"];
    const priorities = below?.type === "routers" ? below.routers.map(({ priority }) => priority) : [];
    expect([priorities.length, priorities[0], priorities.at(-1)]).toEqual([100, 104, 5]);
  });
});

describe("objects that name each other many times", () => {
  const names = Array.from({ length: 60 }, (_, index) => `c${index}`);
  const parentRefs = names.map((name) => ({ name }));
  const ingressRoute = (name: string, spec: object) => ({
    apiVersion: "traefik.io/v1alpha1",
    kind: "IngressRoute",
    metadata: { name, namespace: "default" },
    spec,
  });
  /** A route that counts how often it is read. */
  const counted = () => {
    const route = {
      reads: 0,
      get match() {
        this.reads += 1;
        return "Path(`/`)";
      },
    };
    return route;
  };

  it("are looked at a bounded number of times, and said to be too many, where each is below all others", () => {
    const store = createObjectStore(
      names.map((name) => ingressRoute(name, { parentRefs, routes: [{ match: "Path(`/`)" }] })),
    );
    let looks = 0;
    const counting: typeof store = Object.assign(Object.create(store), {
      get(...args: Parameters<typeof store.get>) {
        looks += 1;
        return store.get(...args);
      },
    });
    const { problems } = createTranslator(defaultSettings()).translate(counting);
    expect(linesOf({ problems })).toEqual(
      expect.arrayContaining(names.map((name) => `warning too-many-routes IngressRoute/${name} spec.parentRefs`)),
    );
    expect(looks / names.length).toBeLessThan(700);
  });

  it("are read as often where one is below many as where it is below one", () => {
    const readsBelow = (parents: string[]): number => {
      const route = counted();
      const tops = parents.map((name) => ingressRoute(name, { routes: [{ match: "Host(`a.example`)" }] }));
      const low = ingressRoute("low", { parentRefs, routes: [route] });
      createTranslator(defaultSettings()).translate(createObjectStore([...tops, low]));
      return route.reads;
    };
    expect(readsBelow(names)).toBe(readsBelow(["c0"]));
  });
});

describe("what cannot be served below others", () => {
  test.each<[string, string, string[], Tree]>([
    [
      "a parent that does not exist",
      child("low", "{ name: gone }", to("app", "Path(`/`)")),
      ["error parent-not-found IngressRoute/low spec.parentRefs.0.name"],
      {},
    ],
    [
      "a parent that exists beside one that does not",
      top("top") + child("low", "{ name: gone }, { name: top }", to("app", "Path(`/`)")),
      ["error parent-not-found IngressRoute/low spec.parentRefs.0.name"],
      { [host]: { "Path(`/`)": "default-app-80" } },
    ],
    [
      "a parent whose routes have services: these go on being served",
      traefik("IngressRoute", "top", `routes: [${to("api", host)}]`) +
        child("low", "{ name: top }", to("app", "Path(`/`)")),
      ["error parent-has-services IngressRoute/low spec.parentRefs.0.name"],
      { [host]: "default-api-80" },
    ],
    [
      "entry points of its own",
      top("top") + child("low", "{ name: top }", to("app", "Path(`/`)"), "\nentryPoints: [web]"),
      ["error root-only-field IngressRoute/low spec.entryPoints", "error invalid-field IngressRoute/top spec.routes.0"],
      { [host]: "unavailable@internal" },
    ],
    [
      "TLS of its own",
      top("top") + child("low", "{ name: top }", to("app", "Path(`/`)"), "\ntls: {}"),
      ["error root-only-field IngressRoute/low spec.tls", "error invalid-field IngressRoute/top spec.routes.0"],
      { [host]: "unavailable@internal" },
    ],
    [
      "a parent that is left out itself",
      top("top") +
        child("mid", "{ name: top }", between("Path(`/`)"), "\ntls: {}") +
        child("low", "{ name: mid }", to("app", "Path(`/`)")),
      [
        "error parent-unreachable IngressRoute/low spec.parentRefs.0.name",
        "error root-only-field IngressRoute/mid spec.tls",
        "error invalid-field IngressRoute/top spec.routes.0",
      ],
      { [host]: "unavailable@internal" },
    ],
    [
      "a dead end",
      top("top") + child("low", "{ name: top }", `${between("Path(`/1`)")}, ${to("app", "Path(`/2`)")}`),
      ["error invalid-field IngressRoute/low spec.routes.0"],
      { [host]: { "Path(`/1`)": "unavailable@internal", "Path(`/2`)": "default-app-80" } },
    ],
    [
      "a circle that no route leads into",
      child("one", "{ name: two }", between("Path(`/`)")) + child("two", "{ name: one }", between("Path(`/`)")),
      [
        "error parent-cycle IngressRoute/one spec.parentRefs.0.name",
        "error parent-cycle IngressRoute/two spec.parentRefs.0.name",
      ],
      {},
    ],
    [
      "itself as its parent",
      child("one", "{ name: one }", between("Path(`/`)")),
      [
        "error invalid-field IngressRoute/one spec.routes.0",
        "error parent-cycle IngressRoute/one spec.parentRefs.0.name",
      ],
      {},
    ],
    [
      "a circle below a route at the top: it is cut where it closes",
      top("a") +
        child("b", "{ name: a }, { name: d }", between("Path(`/b`)")) +
        child("c", "{ name: b }", between("Path(`/c`)")) +
        child("d", "{ name: c }", between("Path(`/d`)")) +
        child("e", "{ name: d }", to("app", "Path(`/e`)")),
      ["error parent-cycle IngressRoute/b spec.parentRefs.1.name"],
      { [host]: { "Path(`/b`)": { "Path(`/c`)": { "Path(`/d`)": { "Path(`/e`)": "default-app-80" } } } } },
    ],
    [
      "references that cannot be read: nothing is served without its parents' guards",
      top("top") + child("low", "{ name: top }, { namespace: x }", to("app", "Path(`/`)")),
      [
        "error invalid-field IngressRoute/low spec.parentRefs.1.name",
        "error invalid-field IngressRoute/top spec.routes.0",
      ],
      { [host]: "unavailable@internal" },
    ],
    [
      "a log of its own, which is that of the top",
      top("top") + child("low", "{ name: top }", to("app", "Path(`/`)", ", observability: { accessLogs: false }")),
      ["notice unsupported-field IngressRoute/low spec.routes.0.observability.accessLogs"],
      { [host]: { "Path(`/`)": "default-app-80" } },
    ],
  ])("%s", (_, text, lines, tree) => {
    const result = translateText(text + services("app", "api"));
    expect(linesOf(result).toSorted()).toEqual(lines.toSorted());
    expect(treeOf(result.table)).toEqual(tree);
  });

  it("is said by the object itself, once", () => {
    const result = translateText(
      top("top") +
        traefik("IngressRoute", "other", 'routes: [{ match: "Host(`b.example`)" }]') +
        child("low", "{ name: top }, { name: other }", `${to("gone", "Path(`/`)")}, { match: "Host(" }`),
    );
    expect(linesOf(result)).toEqual([
      "error service-not-found IngressRoute/low spec.routes.0.services.0.name",
      "error rule-syntax IngressRoute/low spec.routes.1.match",
    ]);
  });
});

it("a table after any changes is the one of a translation from nothing", () => {
  const names = ["a", "b", "c", "d"];
  const object = fc.record({
    name: fc.constantFrom(...names),
    parents: fc.uniqueArray(fc.constantFrom(...names, "gone"), { maxLength: 2 }),
    hasService: fc.boolean(),
    isRemoved: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(object, { minLength: 1, maxLength: 12 }), (steps) => {
      const store = createObjectStore();
      for (const one of objectsOf(services("app"))) store.put(one);
      const translator = createTranslator(defaultSettings());
      for (const { name, parents, hasService, isRemoved } of steps) {
        const route = hasService ? to("app", `Path(\`/${name}\`)`) : between(`Path(\`/${name}\`)`);
        const refs = parents.map((parent) => `{ name: ${parent} }`).join(", ");
        const [made] = objectsOf(child(name, refs, route));
        if (made === undefined) throw new Error("no object");
        if (isRemoved) store.remove("IngressRoute", "default", name);
        else store.put(made);
        const step = translator.translate(store);
        const anew = createTranslator(defaultSettings()).translate(store);
        expect(step.table).toEqual(anew.table);
        expect(step.problems).toEqual(anew.problems);
      }
    }),
    { numRuns: 60 },
  );
});
