import { describe, expect, test } from "vitest";
import { linesOf, services, traefik, translateText } from "../translate-text.ts";

const route = (name: string): string =>
  traefik(
    "IngressRoute",
    "r",
    `routes: [{ match: "Path(\`/\`)", services: [{ name: ${name}, kind: TraefikService }] }]`,
  );
const weighted = (name: string, ...children: string[]): string =>
  traefik("TraefikService", name, `weighted: { services: [${children.join(", ")}] }`);
const named = (name: string): string => `default-${name}@kubernetescrd`;

describe("services within services", () => {
  test("weighted, mirroring and failover, nested", () => {
    const { table, problems } = translateText(
      route("top") +
        weighted("top", "{ name: mirror, kind: TraefikService, weight: 9 }", "{ name: safe, kind: TraefikService }") +
        traefik(
          "TraefikService",
          "mirror",
          "mirroring: { name: a, port: 80, mirrorBody: false, maxBodySize: 10, mirrors: [{ name: b, port: 80, percent: 5 }] }",
        ) +
        traefik(
          "TraefikService",
          "safe",
          "failover: { service: { name: a, port: 80 }, fallback: { name: b, port: 80 } }",
        ) +
        services("a", "b"),
    );
    expect(problems.filter(({ code }) => code !== "service-no-endpoints")).toEqual([]);
    expect(table.services).toMatchObject({
      [named("top")]: {
        type: "weighted",
        children: [
          { service: named("mirror"), weight: 9 },
          { service: named("safe"), weight: 1 },
        ],
      },
      [named("mirror")]: {
        type: "mirroring",
        service: named("a-80"),
        mirrorBody: false,
        maxBodySize: 10,
        mirrors: [{ service: named("b-80"), percent: 5 }],
      },
      [named("safe")]: { type: "failover", service: named("a-80"), fallback: named("b-80") },
    });
    expect(Object.keys(table.endpoints)).toEqual(["default-a-80", "default-b-80"]);
  });

  test("a cookie on each level, the children's values by their plain names", () => {
    const { table } = translateText(
      route("top") +
        traefik(
          "TraefikService",
          "top",
          "weighted:\n  sticky: { cookie: {} }\n  services: [{ name: a, port: 80, sticky: { cookie: {} } }, { name: sub, kind: TraefikService }]",
        ) +
        weighted("sub", "{ name: b, port: 80 }") +
        services("a", "b"),
    );
    const top = table.services[named("top")];
    expect(top).toMatchObject({
      sticky: { name: expect.stringMatching(/^_[0-9a-f]{5}$/) },
      children: [
        {
          service: expect.stringMatching(/^default-a-80-[0-9a-f]{8}@kubernetescrd$/),
          legacyCookieValues: { 0: "default-a-80" },
        },
        { service: named("sub"), legacyCookieValues: { 0: "default-sub" } },
      ],
    });
    const child = top?.type === "weighted" ? table.services[top.children[0]?.service ?? ""] : undefined;
    expect(child).toMatchObject({ sticky: { name: expect.stringMatching(/^_[0-9a-f]{5}$/) } });
  });
});

describe("what is wrong with one", () => {
  test("is reported once, by itself, however many routes use it", () => {
    const result = translateText(
      route("top") +
        route("top").replace("name: r", "name: r2") +
        weighted("top", "{ name: gone, port: 80 }", "{ name: a, port: 80 }") +
        services("a"),
    );
    expect(linesOf(result)).toEqual(["error service-not-found TraefikService/top spec.weighted.services.0.name"]);
    expect(result.table.routers).toHaveLength(2);
    expect(result.table.services[named("top")]).toEqual({
      type: "weighted",
      children: [{ service: named("a-80"), weight: 1 }],
    });
  });

  const cases: [string, string, string[]][] = [
    ["missing", "", ["error traefik-service-not-found IngressRoute/r spec.routes.0.services.0.name"]],
    ["of no kind", traefik("TraefikService", "top", "{}"), ["error invalid-field TraefikService/top spec"]],
    [
      "of several kinds",
      traefik("TraefikService", "top", "weighted: { services: [] }\nmirroring: { name: a, port: 80 }"),
      ["error invalid-field TraefikService/top spec"],
    ],
    ["without children", weighted("top"), ["error weights-empty TraefikService/top spec.weighted.services"]],
    [
      "misplaced children",
      traefik("TraefikService", "top", "services: []"),
      ["warning misplaced-field TraefikService/top spec.services", "error invalid-field TraefikService/top spec"],
    ],
    [
      "a circle of one",
      weighted("top", "{ name: top, kind: TraefikService }"),
      ["error reference-cycle TraefikService/top spec.weighted.services.0.name"],
    ],
  ];
  test.each(cases)("%s: 503", (_, object, lines) => {
    const result = translateText(route("top") + object);
    expect(linesOf(result)).toEqual(lines);
    const service = result.table.services[result.table.routers[0]?.service ?? ""];
    expect(service).toEqual({ type: "status", status: 503 });
  });

  test("a circle of three is reported by each, and the rest of it serves", () => {
    const link = (to: string): string[] => [`{ name: ${to}, kind: TraefikService }`, "{ name: a, port: 80 }"];
    const result = translateText(
      route("x") +
        weighted("x", ...link("y")) +
        weighted("y", ...link("z")) +
        weighted("z", ...link("x")) +
        services("a"),
    );
    expect(linesOf(result)).toEqual(
      ["x", "y", "z"].map((name) => `error reference-cycle TraefikService/${name} spec.weighted.services.0.name`),
    );
    expect(result.table.services[result.table.routers[0]?.service ?? ""]).toMatchObject({ type: "weighted" });
  });

  test("a row without end stops", () => {
    const row = Array.from({ length: 200 }, (_, i) => weighted(`s${i}`, `{ name: s${i + 1}, kind: TraefikService }`));
    const result = translateText(
      route("s0") + row.join("") + weighted("s200", "{ name: a, port: 80 }") + services("a"),
    );
    expect(result.problems.some(({ code }) => code === "reference-cycle")).toBe(true);
  });

  test("many paths to one service are walked once", () => {
    const twice = (to: number): string => `{ name: s${to}, kind: TraefikService }`;
    const diamond = Array.from({ length: 40 }, (_, i) => weighted(`s${i}`, twice(i + 1), twice(i + 1)));
    const result = translateText(
      route("s0") + diamond.join("") + weighted("s40", "{ name: a, port: 80 }") + services("a"),
    );
    // Requests would walk them one by one, so that every ninth is as good as none.
    expect(linesOf(result)).toEqual(
      [4, 13, 22, 31].map((i) => `error service-too-large TraefikService/s${i} spec`).sort(),
    );
    expect(Object.keys(result.table.services)).toHaveLength(5);
  });

  test("all weights 0 keep their sessions", () => {
    const result = translateText(route("top") + weighted("top", "{ name: a, port: 80, weight: 0 }") + services("a"));
    expect(linesOf(result)).toEqual(["error weights-empty TraefikService/top spec.weighted.services"]);
    expect(result.table.services[named("top")]).toMatchObject({ children: [{ weight: 0 }] });
  });

  test("mirrors that cannot be are left out", () => {
    const result = translateText(
      route("top") +
        traefik(
          "TraefikService",
          "top",
          "mirroring: { name: a, port: 80, mirrors: [{ name: a, port: 80, percent: 101 }, { name: gone, port: 80, percent: 5 }, { name: a, port: 80, percent: ten }, { name: a, port: 80, percent: 7 }] }",
        ) +
        services("a"),
    );
    expect(linesOf(result).sort()).toEqual([
      "error invalid-field TraefikService/top spec.mirroring.mirrors.2.percent",
      "error percent-out-of-range TraefikService/top spec.mirroring.mirrors.0.percent",
      "error service-not-found TraefikService/top spec.mirroring.mirrors.1.name",
    ]);
    expect(result.table.services[named("top")]).toMatchObject({ mirrors: [{ percent: 7 }] });
  });
});

test("what is said of Pods where a TraefikService is named has no effect, and is told", () => {
  const result = translateText(
    route("top, port: 80, weight: 1, strategy: p2c, sticky: { cookie: {} }, healthCheck: {}, passHostHeader: true") +
      weighted("top", "{ name: a, port: 80 }") +
      services("a"),
  );
  expect(linesOf(result).toSorted()).toEqual(
    ["healthCheck", "passHostHeader", "sticky", "strategy"].map(
      (field) => `warning misplaced-field IngressRoute/r spec.routes.0.services.0.${field}`,
    ),
  );
});

describe("a failover", () => {
  const failover = (errors: string) =>
    translateText(
      route("top") +
        traefik(
          "TraefikService",
          "top",
          `failover: { service: { name: a, port: 80 }, fallback: { name: b, port: 80 }${errors} }`,
        ) +
        services("a", "b"),
    );

  test.each([
    ["", undefined],
    [", healthCheck: {}", undefined],
    [", errors: {}", undefined],
    [", errors: { status: ['500-599', '404'] }", { status: ["500-599", "404"], maxBodyBytes: 1_048_576 }],
    [", errors: { status: ['500'], maxRequestBodyBytes: 0 }", { status: ["500"], maxBodyBytes: 0 }],
    [", errors: { status: ['500'], maxRequestBodyBytes: -1 }", { status: ["500"], maxBodyBytes: 1_048_576 }],
  ])("with `%s`", (errors, expected) => {
    const result = failover(errors);
    expect(linesOf(result)).toEqual([]);
    expect(result.table.services[named("top")]).toEqual({
      type: "failover",
      service: named("a-80"),
      fallback: named("b-80"),
      ...(expected && { errors: expected }),
    });
  });

  test("of bodies that are too large to keep says so", () => {
    const result = failover(", errors: { status: ['500'], maxRequestBodyBytes: 10000000 }");
    expect(linesOf(result)).toEqual([
      "warning failover-body-limit TraefikService/top spec.failover.errors.maxRequestBodyBytes",
    ]);
    expect(result.table.services[named("top")]).toMatchObject({ errors: { maxBodyBytes: 1_048_576 } });
  });

  test("on what is no status goes on without it", () => {
    const result = failover(", errors: { status: [all, '500'] }");
    expect(linesOf(result)).toEqual(["error invalid-field TraefikService/top spec.failover.errors.status.0"]);
    expect(result.table.services[named("top")]).toMatchObject({ errors: { status: ["500"] } });
  });
});

describe("clients that stay with a service", () => {
  const children = "services: [{ name: a, port: 80, weight: 95 }, { name: b, port: 80, weight: 5 }]";
  const annotated = (spec: string, annotation: string) => {
    const text = route("top") + traefik("TraefikService", "top", spec, `, annotations: { ${annotation} }`);
    return translateText(text + services("a", "b"));
  };

  test("by address, as Traefik's highestRandomWeight", () => {
    const result = annotated(`highestRandomWeight: { ${children} }`, "");
    expect(linesOf(result)).toEqual([]);
    expect(result.table.services[named("top")]).toMatchObject({
      type: "weighted",
      clientKey: { type: "address" },
      children: [
        { service: named("a-80"), weight: 95, cookieValue: expect.stringMatching(/^[0-9a-f]{16}$/) },
        { service: named("b-80"), weight: 5 },
      ],
    });
  });

  test.each(["weighted", "highestRandomWeight"])("by what an annotation of %s says", (kind) => {
    const result = annotated(`${kind}: { ${children} }`, "sluice.dev/client-key: header X-User");
    expect(linesOf(result)).toEqual([]);
    expect(result.table.services[named("top")]).toMatchObject({ clientKey: { type: "header", name: "x-user" } });
  });

  test("keep their child's name when its options change", () => {
    const nameOf = (more: string): unknown => {
      const { table } = annotated(`highestRandomWeight: { services: [{ name: a, port: 80${more} }] }`, "");
      const top = table.services[named("top")];
      return top?.type === "weighted" ? top.children[0]?.cookieValue : undefined;
    };
    expect(nameOf(", passHostHeader: false")).toBe(nameOf(""));
  });

  test.each([
    ["weighted: { services: [{ name: a, port: 80 }] }", "query id", "warning invalid-field"],
    [
      "failover: { service: { name: a, port: 80 }, fallback: { name: b, port: 80 } }",
      "address",
      "warning misplaced-field",
    ],
  ])("not by `%s` with `%s`", (spec, key, problem) => {
    const result = annotated(spec, `sluice.dev/client-key: ${key}`);
    expect(linesOf(result)).toEqual([`${problem} TraefikService/top metadata.annotations.sluice.dev/client-key`]);
  });

  test("not by an annotation of another name", () => {
    const result = annotated(`weighted: { ${children} }`, "sluice.dev/sticky: address");
    expect(linesOf(result)).toEqual([
      "warning unknown-field TraefikService/top metadata.annotations.sluice.dev/sticky",
    ]);
  });

  const routed = (list: string) =>
    translateText(
      traefik(
        "IngressRoute",
        "r",
        `routes: [{ match: "Path(\`/\`)", services: [${list}] }]`,
        ", annotations: { sluice.dev/client-key: cookie id }",
      ) + services("a", "b"),
    );

  test("by what an annotation of a route with several services says", () => {
    const result = routed("{ name: a, port: 80 }, { name: b, port: 80 }");
    expect(linesOf(result)).toEqual([]);
    expect(result.table.services[result.table.routers[0]?.service ?? ""]).toMatchObject({
      clientKey: { type: "cookie", name: "id" },
    });
  });

  test("not where a route has one service", () => {
    expect(linesOf(routed("{ name: a, port: 80 }"))).toEqual([
      "warning misplaced-field IngressRoute/r metadata.annotations.sluice.dev/client-key",
    ]);
  });
});

describe("references by provider", () => {
  const target = weighted("top", "{ name: a, port: 80 }") + services("a");
  test("name objects anywhere when that is allowed", () => {
    const text = route("default-top@kubernetescrd") + target;
    const allowed = translateText(text, (settings) => {
      settings.crd.allowCrossNamespace = true;
    });
    expect(allowed.table.routers[0]?.service).toBe(named("top"));
    expect(linesOf(translateText(text))).toEqual([
      "error cross-namespace-reference IngressRoute/r spec.routes.0.services.0.name",
    ]);
  });

  test("of providers that do not exist are 503", () => {
    for (const name of ["top@file", "api@internal"]) {
      const result = translateText(route(name) + target);
      expect(linesOf(result)).toEqual(["error cross-provider-reference IngressRoute/r spec.routes.0.services.0.name"]);
      expect(result.table.services[result.table.routers[0]?.service ?? ""]).toEqual({ type: "status", status: 503 });
    }
  });
});
