import { describe, expect, it } from "vitest";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { defaultSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator, type Translation } from "../../sync-agent/translate/translate.ts";
import { linesOf } from "../translate/translate-text.ts";

// Without the bounds that these hold to, the doubling ones would not end within a human life: none is timed.

const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const traefik = (kind: string, name: string, spec: object): KubernetesObject => ({
  apiVersion: "traefik.io/v1alpha1",
  kind,
  metadata: { namespace: "default", name },
  spec,
});
const service = (name: string): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace: "default", name },
  spec: { ports: [{ port: 80 }] },
});
const route = (more: object): KubernetesObject =>
  traefik("IngressRoute", "r", { routes: [{ match: "Path(`/`)", services: [{ name: "a", port: 80 }], ...more }] });
const ingress = (annotations: Record<string, string>): KubernetesObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { namespace: "default", name: "i", annotations },
  spec: { defaultBackend: { service: { name: "a", port: { number: 80 } } } },
});

const translate = (...objects: KubernetesObject[]): Translation =>
  createTranslator(defaultSettings()).translate(createObjectStore([service("a"), ...objects]));
const linesAbout = (result: Translation, kind: string): string[] =>
  linesOf(result).filter((line) => line.includes(` ${kind}/`));

describe("references that double with each step", () => {
  const chains = many(40, (i) =>
    traefik("Middleware", `m${i}`, { chain: { middlewares: [{ name: `m${i + 1}` }, { name: `m${i + 1}` }] } }),
  );

  it("to a Middleware that is not there close the route", () => {
    const result = translate(...chains, route({ middlewares: [{ name: "m0" }] }));
    expect(linesAbout(result, "IngressRoute")).toEqual([
      "error middleware-not-found IngressRoute/r spec.routes.0.middlewares.0.name",
    ]);
    expect(result.table.routers[0]?.closedBy).toBe("middleware-not-found");
  });

  it("to a Middleware that is there are each in the table once", () => {
    const last = traefik("Middleware", "m40", { addPrefix: { prefix: "/x" } });
    const { table } = translate(...chains, last, route({ middlewares: [{ name: "m0" }] }));
    expect(table.routers[0]?.closedBy).toBeUndefined();
    expect(Object.keys(table.middlewares)).toHaveLength(41);
  });

  it("are too many for a chain that is nested too deep, and not for the same one by itself", () => {
    const deep = [
      ...chains,
      ...many(40, (i) =>
        traefik("Middleware", `n${i}`, { chain: { middlewares: [{ name: i === 0 ? "m0" : `n${i - 1}` }] } }),
      ),
    ];
    const last = traefik("Middleware", "m40", { addPrefix: { prefix: "/x" } });
    const both = traefik("IngressRoute", "r", {
      routes: ["n39", "m0"].map((name, i) => ({
        match: `Path(\`/${i}\`)`,
        services: [{ name: "a", port: 80 }],
        middlewares: [{ name }],
      })),
    });
    const { table } = translate(...deep, last, both);
    expect(table.routers.map(({ closedBy }) => closedBy).sort()).toEqual(["reference-cycle", undefined]);
  });

  it("to services leave out what a request would have to ask too often", () => {
    const doubling = (count: number): KubernetesObject[] =>
      many(count, (i) => {
        const child = i + 1 < count ? { name: `t${i + 1}`, kind: "TraefikService" } : { name: "a", port: 80 };
        return traefik("TraefikService", `t${i}`, { weighted: { services: [child, child] } });
      });
    const top = route({ services: [{ name: "t0", kind: "TraefikService" }] });
    expect(linesOf(translate(...doubling(8), top))).toEqual([]);
    const result = translate(...doubling(9), top);
    expect(linesOf(result)).toEqual(["error service-too-large TraefikService/t0 spec"]);
    expect(result.table.services["default-t0@kubernetescrd"]).toEqual({ type: "status", status: 503 });
  });

  it("are counted over the services of one route together", () => {
    const result = translate(route({ services: many(1000, () => ({ name: "a", port: 80 })) }));
    expect(linesOf(result)[0]).toBe("error service-too-large IngressRoute/r spec.routes.0.services");
  });
});

it("names that nobody can have are not looked for at each of their dashes", () => {
  const annotation = "traefik.ingress.kubernetes.io/router.middlewares";
  const result = translate(ingress({ [annotation]: `${"-".repeat(250_000)}@kubernetescrd` }));
  expect(linesAbout(result, "Ingress")).toEqual([
    `error middleware-not-found Ingress/i metadata.annotations.${annotation}`,
  ]);
});

describe("an object that says much in few words", () => {
  const gateway = (name: string, listeners: number): KubernetesObject => ({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { namespace: "default", name },
    spec: {
      gatewayClassName: "traefik",
      listeners: many(listeners, (i) => ({ name: `l${i}`, port: 80, protocol: "HTTP", hostname: `${name}-${i}.com` })),
    },
  });
  const httpRoute = (gateways: readonly string[], matches: number): KubernetesObject => ({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { namespace: "default", name: "r" },
    spec: {
      parentRefs: gateways.map((name) => ({ name })),
      rules: [
        { matches: many(matches, (i) => ({ path: { value: `/${i}` } })), backendRefs: [{ name: "a", port: 80 }] },
      ],
    },
  });

  it("is left out when it would be ten thousands of routers", () => {
    const gateways = ["g", "h", "i"].map((name) => gateway(name, 64));
    const served = translate(...gateways, httpRoute(["g"], 64));
    expect(linesAbout(served, "HTTPRoute")).toEqual([]);
    expect(served.table.routers).toHaveLength(64 * 64);
    const result = translate(...gateways, httpRoute(["g", "h", "i"], 64));
    expect(linesAbout(result, "HTTPRoute")).toEqual(["error too-many-routes HTTPRoute/r spec"]);
    expect(result.table.routers).toEqual([]);
  });

  it("is told of its unknown fields as long as that helps", () => {
    const fields = Object.fromEntries(many(50_000, (i) => [`field${i}`, i]));
    const lines = linesAbout(translate(route(fields)), "IngressRoute");
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)).toBe("warning unknown-field IngressRoute/r spec.routes.0");
  });

  it("is told of a thousand of its problems, errors first", () => {
    const routes = many(3_000, (i) => ({
      match: i < 2_000 ? `Path(\`/${i}\`)` : `Broken${i}(`,
      services: [{ name: "a", port: 80, passhostheader: true }],
    }));
    const lines = linesAbout(translate(traefik("IngressRoute", "r", { routes })), "IngressRoute");
    expect(lines).toHaveLength(1001);
    expect(new Set(lines.slice(0, 1000).map((line) => line.split(" ")[1]))).toEqual(new Set(["rule-syntax"]));
    expect(lines.at(-1)).toBe("error problems-cut IngressRoute/r");
  });
});
