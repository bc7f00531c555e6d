import { describe, expect, test } from "vitest";
import type { TranslateSettings } from "../../../sync-agent/translate/settings.ts";
import { linesOf, services, traefik, translateText } from "../translate-text.ts";

const toApp = "services: [{ name: app, port: 80 }]";

describe("entry points", () => {
  const namesOf = (entryPoints: string, change?: (settings: TranslateSettings) => void) =>
    translateText(
      traefik("IngressRoute", "app", `entryPoints: ${entryPoints}\nroutes: [{ match: "Path(\`/\`)", ${toApp} }]`) +
        services("app"),
      change,
    );

  test("are all but `traefik` when none is named, or those marked", () => {
    const add = (settings: TranslateSettings): void => {
      settings.entryPoints.traefik = { port: 8080 };
    };
    expect(namesOf("[]", add).table.routers[0]?.entryPoints).toEqual(["web", "websecure"]);
    const mark = (settings: TranslateSettings): void => {
      settings.entryPoints.websecure = { port: 443, asDefault: true };
    };
    expect(namesOf("[]", mark).table.routers[0]?.entryPoints).toEqual(["websecure"]);
  });

  test("that do not exist cost only themselves", () => {
    const result = namesOf("[web, websecrue, web]");
    expect(result.table.routers[0]?.entryPoints).toEqual(["web"]);
    expect(linesOf(result)).toEqual(["error entry-point-not-found IngressRoute/app spec.entryPoints.1"]);
    expect(result.problems.find(({ code }) => code === "entry-point-not-found")).toMatchObject({
      hint: "Did you mean `websecure`?",
      refersTo: { kind: "EntryPoint", name: "websecrue" },
    });
    expect(namesOf("[x]").table.routers).toEqual([]);
  });

  test("of another form never become all of them", () => {
    expect(namesOf("[{ name: web }]").table.routers).toEqual([]);
  });

  test("add TLS and middlewares to the routers on them", () => {
    const result = translateText(
      traefik("IngressRoute", "app", `routes: [{ match: "Path(\`/\`)", ${toApp}, middlewares: [{ name: own }] }]`) +
        traefik("Middleware", "own", "addPrefix: { prefix: /own }") +
        traefik("Middleware", "first", "addPrefix: { prefix: /first }") +
        services("app"),
      (settings) => {
        settings.entryPoints.websecure = { port: 443, tls: true, middlewares: ["default-first@kubernetescrd"] };
      },
    );
    const [plain, secure] = result.table.routers;
    expect(plain).toMatchObject({ entryPoints: ["web"], tls: false, middlewares: ["default-own@kubernetescrd"] });
    expect(secure).toMatchObject({
      name: `websecure-${plain?.name}`,
      entryPoints: ["websecure"],
      tls: true,
      middlewares: ["default-first@kubernetescrd", "default-own@kubernetescrd"],
    });
    expect(secure?.tieBreaker).not.toBe(plain?.tieBreaker);
  });

  test("whose middleware does not exist close their routers", () => {
    const result = namesOf("[web]", (settings) => {
      settings.entryPoints.web = { port: 80, middlewares: ["default-none@kubernetescrd"] };
    });
    expect(result.table.routers[0]?.closedBy).toBe("middleware-not-found");
    expect(linesOf(result)).toEqual(["error middleware-not-found EntryPoint/web http.middlewares.0"]);
  });

  test("that redirect do so before any route", () => {
    const { table } = namesOf("[web]", (settings) => {
      settings.entryPoints.web = { port: 80, redirect: { to: "websecure", scheme: "https", permanent: true } };
    });
    expect(table.routers.find(({ name }) => name === "web-to-websecure@internal")).toMatchObject({
      entryPoints: ["web"],
      tls: false,
      priority: Number.MAX_SAFE_INTEGER,
      middlewares: ["redirect-web-to-websecure@internal"],
    });
    expect(table.middlewares["redirect-web-to-websecure@internal"]).toEqual({
      type: "redirectScheme",
      scheme: "https",
      permanent: true,
    });
  });
});

describe("which objects are taken", () => {
  const withMeta = (more: string): string =>
    traefik("IngressRoute", "app", `routes: [{ match: "Path(\`/\`)", ${toApp} }]`, more) + services("app");
  const count = (text: string, change: (settings: TranslateSettings) => void): number =>
    translateText(text, change).table.routers.length;
  const select = (selector: string) => (settings: TranslateSettings) => {
    settings.crd.labelSelector = selector;
  };
  const only = (namespace: string) => (settings: TranslateSettings) => {
    settings.crd.namespaces = [namespace];
  };
  const classed = (name: string): string => `, annotations: { kubernetes.io/ingress.class: ${name} }`;

  test.each([
    [undefined, "", 1],
    [undefined, classed("traefik"), 1],
    [undefined, classed("nginx"), 0],
    ["traefik-in", classed("traefik-in"), 1],
    ["traefik-in", classed("traefik"), 0],
    ["traefik-in", "", 0],
  ])("by the class %s: %s", (ingressClass, more, expected) => {
    const found = count(withMeta(more), (settings) => {
      if (ingressClass !== undefined) settings.crd.ingressClass = ingressClass;
    });
    expect(found).toBe(expected);
  });

  test("by the class in the spec", () => {
    const text = traefik("IngressRoute", "app", `ingressClassName: mine\nroutes: [{ match: "Path(\`/\`)", ${toApp} }]`);
    const set = (settings: TranslateSettings): void => {
      settings.crd.ingressClass = "mine";
    };
    expect(count(text, set)).toBe(1);
    expect(count(text, () => {})).toBe(0);
  });

  test("by labels and namespaces", () => {
    const text = withMeta(", labels: { ingressclass: traefik-out }");
    expect(count(text, select("ingressclass=traefik-out"))).toBe(1);
    expect(count(text, select("ingressclass!=traefik-out"))).toBe(0);
    expect(count(text, only("other"))).toBe(0);
    expect(count(text, only("default"))).toBe(1);
  });

  test("a selector that does not parse stops everything", () => {
    expect(() => count("", select("a b"))).toThrow("labelSelector");
  });
});
