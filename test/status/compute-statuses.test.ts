import { describe, expect, test } from "vitest";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { createStatusComputer } from "../../sync-agent/status/compute-statuses.ts";
import { takeSnapshot } from "../../sync-agent/status/status-snapshot.ts";
import { defaultSettings, type TranslateSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../sync-agent/translate/translate.ts";
import { app, gateway, listener, type RouteText, route, toApp } from "../translate/gateway-api/gateway-text.ts";
import { objectsOf, services, traefik } from "../translate/translate-text.ts";
import { facts, linesOf, listenerLines, parentLines, served, statusesOf } from "./status-text.ts";

const simple = (options: RouteText = {}): string => route([`{ ${toApp} }`], options) + app;

describe("GatewayClass", () => {
  const classOf = (version: string | null | undefined) => {
    const content = statusesOf(gateway(), { bundleVersion: version }).get("GatewayClass/edge");
    if (content?.type !== "class") throw new Error("no status of the class");
    return content;
  };
  const cases: [string | null | undefined, string[], boolean][] = [
    ["v1.5.1", ["Accepted=True/Accepted", "SupportedVersion=True/SupportedVersion"], true],
    ["v1.2.0", ["Accepted=True/Accepted", "SupportedVersion=True/SupportedVersion"], false],
    ["v1.99.0", ["Accepted=True/Accepted", "SupportedVersion=False/UnsupportedVersion"], true],
    ["v0.0.0", ["Accepted=True/Accepted", "SupportedVersion=False/UnsupportedVersion"], false],
    [null, ["Accepted=True/Accepted", "SupportedVersion=False/UnsupportedVersion"], false],
    [undefined, ["Accepted=True/Accepted"], false],
  ];
  test.each(cases)("CRDs of the version %s", (version, lines, hasFeatures) => {
    const { conditions, supportedFeatures } = classOf(version);
    expect(linesOf(conditions)).toEqual(lines);
    expect(conditions.map(({ observedGeneration }) => observedGeneration)).toEqual(lines.map(() => 3));
    expect(supportedFeatures !== undefined).toBe(hasFeatures);
  });

  test("features are sorted", () => {
    const names = classOf("v1.5.1").supportedFeatures?.map(({ name }) => name) ?? [];
    expect(names).toEqual([...names].sort());
    expect(names).toContain("HTTPRoute");
  });

  test("one of another controller is left alone", () => {
    const text = gateway().replace("sluice.dev/gateway-controller", "example.com/other") + simple();
    const statuses = statusesOf(text);
    expect(statuses.has("GatewayClass/edge")).toBe(false);
    expect(statuses.has("Gateway/main")).toBe(false);
    expect(parentLines(statuses)).toEqual([]);
  });
});

describe("Gateway", () => {
  const gatewayOf = (text: string, change = {}) => {
    const content = statusesOf(text, change).get("Gateway/main");
    if (content?.type !== "gateway") throw new Error("no status of the Gateway");
    return content;
  };

  test("a good one", () => {
    const { conditions, addresses, listeners } = gatewayOf(gateway() + simple());
    expect(linesOf(conditions)).toEqual(["Accepted=True/Accepted", "Programmed=True/Programmed"]);
    expect(addresses).toEqual([{ type: "Hostname", value: "edge.example.net" }]);
    expect(listeners.map(({ name, attachedRoutes, supportedKinds }) => [name, attachedRoutes, supportedKinds])).toEqual(
      [["http", 1, ["HTTPRoute", "GRPCRoute"].map((kind) => ({ group: "gateway.networking.k8s.io", kind }))]],
    );
    expect(linesOf(listeners[0]?.conditions ?? [])).toEqual([
      "Accepted=True/Accepted",
      "Programmed=True/Programmed",
      "ResolvedRefs=True/ResolvedRefs",
      "Conflicted=False/NoConflicts",
    ]);
  });

  test("before the Worker serves it", () => {
    const programmed = () => ({ programmed: false, waitsFor: "the Worker" }) as const;
    const { conditions, listeners } = gatewayOf(gateway(), { programmed });
    expect(linesOf(conditions)).toEqual(["Accepted=True/Accepted", "Programmed=False/Pending"]);
    expect(conditions[1]?.message).toBe("the Worker");
    expect(linesOf(listeners[0]?.conditions ?? [])[1]).toBe("Programmed=False/Pending");
  });

  test("an IP address; none at all", () => {
    expect(gatewayOf(gateway(), { address: "192.0.2.1" }).addresses).toEqual([
      { type: "IPAddress", value: "192.0.2.1" },
    ]);
    expect(gatewayOf(gateway(), { address: undefined }).addresses).toBeUndefined();
  });

  test("an address of its own that cannot be had", () => {
    const text = gateway().replace("listeners:", "addresses: [{ type: IPAddress, value: 10.0.0.1 }]\n  listeners:");
    expect(linesOf(gatewayOf(text).conditions)).toEqual([
      "Accepted=True/Accepted",
      "Programmed=False/AddressNotUsable",
    ]);
  });

  const bad: [string, string, string[]][] = [
    ["a port that the relay has not", listener("bad", "", 5432, "TCP"), ["PortUnavailable", "NoConflicts"]],
    ["an unknown protocol", listener("bad", "", 80, "SPDY"), ["UnsupportedProtocol", "NoConflicts"]],
    ["passthrough", listener("bad", "tls: { mode: Passthrough }", 443, "HTTPS"), ["UnsupportedValue", "NoConflicts"]],
    ["a hostname with a port", listener("bad", 'hostname: "a.com:80"'), ["UnsupportedValue", "NoConflicts"]],
    ["the same again", listener("bad"), ["Invalid", "HostnameConflict"]],
    ["a port without an entry point", listener("bad", "", 8080), ["PortUnavailable", "NoConflicts"]],
    ["no port", "{ name: bad, protocol: HTTP }", ["UnsupportedValue", "NoConflicts"]],
  ];
  test.each(bad)("a listener with %s", (_, one, [reason, conflict]) => {
    const statuses = statusesOf(gateway(listener("http"), one) + simple());
    const [accepted, programmed, , conflicted] = listenerLines(statuses, "bad");
    expect([accepted, programmed, conflicted]).toEqual([
      `Accepted=False/${reason}`,
      "Programmed=False/Invalid",
      conflict === "NoConflicts" ? "Conflicted=False/NoConflicts" : `Conflicted=True/${conflict}`,
    ]);
    expect(listenerLines(statuses, "http")[0]).toBe("Accepted=True/Accepted");
    const { conditions } = gatewayOf(gateway(listener("http"), one));
    expect(linesOf(conditions)).toEqual(["Accepted=True/ListenersNotValid", "Programmed=True/Programmed"]);
  });

  test("no good listener, and no listener", () => {
    expect(linesOf(gatewayOf(gateway(listener("quic", "", 443, "QUIC"))).conditions)).toEqual([
      "Accepted=False/ListenersNotValid",
      "Programmed=False/Invalid",
    ]);
    const none = gateway().replace(/listeners:[\s\S]*/, "listeners: []\n");
    expect(linesOf(gatewayOf(none).conditions)).toEqual(["Accepted=False/Invalid", "Programmed=False/Invalid"]);
  });

  test.each([
    ["[{ kind: HTTPRoute }, { kind: TLSRoute }]", 1],
    ["[{ kind: TCPRoute }]", 0],
    ["[{ group: example.com, kind: HTTPRoute }]", 0],
  ])("allowed kinds %s", (kinds, supported) => {
    const text = gateway(listener("http", `allowedRoutes: { kinds: ${kinds} }`));
    expect(listenerLines(statusesOf(text), "http")[2]).toBe("ResolvedRefs=False/InvalidRouteKinds");
    expect(gatewayOf(text).listeners[0]?.supportedKinds).toHaveLength(supported);
  });

  test.each([
    ["{ name: cert }", "ResolvedRefs=True/ResolvedRefs"],
    ["{ name: cert, kind: ConfigMap }", "ResolvedRefs=False/InvalidCertificateRef"],
    ["{ name: cert, group: example.com }", "ResolvedRefs=False/InvalidCertificateRef"],
    ["{ name: cert, namespace: other }", "ResolvedRefs=False/RefNotPermitted"],
    ["{ name: cert, namespace: shared }", "ResolvedRefs=True/ResolvedRefs"],
  ])("the certificate %s", (ref, line) => {
    const grant = `---\napiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: { name: g, namespace: shared }\nspec:\n  from: [{ group: gateway.networking.k8s.io, kind: Gateway, namespace: default }]\n  to: [{ group: "", kind: Secret }]\n`;
    const text = gateway(listener("https", `tls: { certificateRefs: [${ref}] }`, 443, "HTTPS")) + grant;
    expect(listenerLines(statusesOf(text), "https")[2]).toBe(line);
  });

  test("routes are counted once for each listener that takes them", () => {
    const text =
      gateway(listener("http"), listener("other", "hostname: b.example.com")) +
      simple({ parents: "{ name: main }, { name: main, sectionName: http }" }) +
      route([`{ ${toApp} }`], { name: "b", hostnames: ["b.example.com"] }) +
      route([`{ ${toApp} }`], { name: "lost", parents: "{ name: main, sectionName: nowhere }" });
    const { listeners } = gatewayOf(text);
    expect(listeners.map(({ name, attachedRoutes }) => [name, attachedRoutes])).toEqual([
      ["http", 1],
      ["other", 2],
    ]);
  });
});

describe("HTTPRoute", () => {
  const accepted = "Accepted=True/Accepted";
  const resolved = "ResolvedRefs=True/ResolvedRefs";
  const lines = (text: string): string[] => parentLines(statusesOf(text))[0] ?? [];

  test("a good one", () => {
    const content = statusesOf(gateway() + simple()).get("HTTPRoute/app");
    expect(content).toMatchObject({
      parents: [{ parentRef: { name: "main" }, controllerName: "sluice.dev/gateway-controller" }],
    });
    expect(lines(gateway() + simple())).toEqual([accepted, resolved]);
  });

  test("an entry speaks for the controller that its class names", () => {
    const text = gateway().replace("sluice.dev/gateway-controller", "traefik.io/gateway-controller") + simple();
    const content = statusesOf(text).get("HTTPRoute/app");
    expect(content).toMatchObject({ parents: [{ controllerName: "traefik.io/gateway-controller" }] });
  });

  const there = { namespace: "shop", parents: "{ name: main, namespace: default }" };
  const refused: [string, string, string][] = [
    ["no listener of this name", gateway() + simple({ parents: "{ name: main, sectionName: x }" }), "NoMatchingParent"],
    ["no listener with this port", gateway() + simple({ parents: "{ name: main, port: 81 }" }), "NoMatchingParent"],
    [
      "a listener that is not served",
      gateway(listener("http"), listener("quic", "", 443, "QUIC")) +
        simple({ parents: "{ name: main, sectionName: quic }" }),
      "NoMatchingParent",
    ],
    [
      "a listener for other kinds",
      gateway(listener("http"), listener("tls", "", 443, "TLS")) +
        simple({ parents: "{ name: main, sectionName: tls }" }),
      "NotAllowedByListeners",
    ],
    ["a port without an entry point", gateway(listener("http", "", 8080)) + simple(), "NoMatchingParent"],
    ["another namespace", gateway() + simple(there), "NotAllowedByListeners"],
    [
      "another kind",
      gateway(listener("http", "allowedRoutes: { kinds: [{ kind: TLSRoute }] }")) + simple(),
      "NotAllowedByListeners",
    ],
    [
      "no hostname in common",
      gateway(listener("http", "hostname: a.com")) + simple({ hostnames: ["b.com"] }),
      "NoMatchingListenerHostname",
    ],
  ];
  test.each(refused)("%s", (_, text, reason) => {
    expect(lines(text)[0]).toBe(`Accepted=False/${reason}`);
    // Where a route is not served its references are looked at all the same.
    if (!text.includes("shop")) expect(lines(text)[1]).toBe(resolved);
  });

  test("what is not served at all says nothing", () => {
    expect(parentLines(statusesOf(gateway() + simple({ parents: "{ name: gone }" })))).toEqual([]);
    expect(parentLines(statusesOf(gateway() + simple({ parents: "{ kind: Service, group: '', name: app }" })))).toEqual(
      [],
    );
  });

  const references: [string, string, string][] = [
    ["an absent Service", "backendRefs: [{ name: gone, port: 80 }]", "BackendNotFound"],
    ["an absent port", "backendRefs: [{ name: app, port: 81 }]", "BackendNotFound"],
    ["another kind", "backendRefs: [{ name: app, kind: Pod, port: 80 }]", "InvalidKind"],
    ["another group", "backendRefs: [{ name: app, group: example.com, port: 80 }]", "InvalidKind"],
    ["another namespace", "backendRefs: [{ name: app, namespace: other, port: 80 }]", "RefNotPermitted"],
    [
      "an absent mirror",
      `filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: gone, port: 80 } } }], ${toApp}`,
      "BackendNotFound",
    ],
    [
      "an absent Middleware",
      `filters: [{ type: ExtensionRef, extensionRef: { group: traefik.io, kind: Middleware, name: gone } }], ${toApp}`,
      "BackendNotFound",
    ],
  ];
  test.each(references)("a reference to %s", (_, rule, reason) => {
    expect(lines(gateway() + route([`{ ${rule} }`]) + app)).toEqual([accepted, `ResolvedRefs=False/${reason}`]);
    const unattached = route([`{ ${rule} }`], { parents: "{ name: main, sectionName: x }" });
    expect(lines(gateway() + unattached + app)[1]).toBe(`ResolvedRefs=False/${reason}`);
  });

  test("the message says where", () => {
    const content = statusesOf(gateway() + route(["{ backendRefs: [{ name: gone, port: 80 }] }"])).get("HTTPRoute/app");
    const [, condition] = content?.type === "route" ? (content.parents[0]?.conditions ?? []) : [];
    expect(condition?.message).toBe(
      "spec.rules[0].backendRefs[0]: The Service `gone` does not exist in the namespace `default`",
    );
  });

  const partial = "PartiallyInvalid=True/UnsupportedValue";
  const unknownFilter = `{ filters: [{ type: Nonsense }], ${toApp} }`;
  const rules: [string, string[], string[]][] = [
    ["one bad rule of two", [unknownFilter, `{ ${toApp} }`], [accepted, resolved, partial]],
    ["only a bad rule", [unknownFilter], ["Accepted=False/UnsupportedValue", resolved]],
    [
      "one bad match of two",
      [`{ matches: [{ path: { type: Sideways } }, { path: { value: /a } }], ${toApp} }`],
      [accepted, resolved, partial],
    ],
    [
      "only a bad match",
      [`{ matches: [{ path: { type: Sideways } }], ${toApp} }`],
      ["Accepted=False/UnsupportedValue", resolved],
    ],
    ["no backends", ["{ }"], [accepted, resolved]],
    ["no endpoints", [`{ ${toApp} }`], [accepted, resolved]],
  ];
  test.each(rules)("%s", (_, list, expected) => {
    expect(lines(gateway() + route(list) + app)).toEqual(expected);
  });

  test("a dropped rule is named as the specification wants it", () => {
    const content = statusesOf(gateway() + route([unknownFilter, `{ ${toApp} }`]) + app).get("HTTPRoute/app");
    const condition = content?.type === "route" ? content.parents[0]?.conditions[2] : undefined;
    expect(condition?.message).toMatch(/^Dropped Rule: spec\.rules\[0\]\.filters\[0\]\.type: /);
  });

  test("a route whose spec cannot be read", () => {
    const text = `${gateway()}${simple()}`.replace(/rules:[\s\S]*?---/, "rules: 7\n---");
    expect(lines(text)[0]).toBe("Accepted=False/UnsupportedValue");
  });

  test("one entry for each parentRef", () => {
    const text = gateway(listener("a", "hostname: a.com"), listener("b", "hostname: b.com"));
    const parents = "{ name: main, sectionName: a }, { name: main, sectionName: b }";
    const all = parentLines(statusesOf(text + simple({ parents, hostnames: ["a.com"] })));
    expect(all.map(([first]) => first)).toEqual([accepted, "Accepted=False/NoMatchingListenerHostname"]);
  });

  test("a GRPCRoute's status is made like a HTTPRoute's", () => {
    const text = (gateway() + simple() + app).replace("kind: HTTPRoute", "kind: GRPCRoute");
    expect(parentLines(statusesOf(text), "GRPCRoute/app")).toEqual([
      ["Accepted=True/Accepted", "ResolvedRefs=True/ResolvedRefs"],
    ]);
    expect(statusesOf(text).get("Gateway/main")).toMatchObject({ listeners: [{ attachedRoutes: 1 }] });
  });

  test("a kind that the listeners are not for is refused", () => {
    const text = (gateway() + simple()).replace("kind: HTTPRoute", "kind: TLSRoute");
    expect(parentLines(statusesOf(text), "TLSRoute/app")[0]?.[0]).toBe("Accepted=False/NotAllowedByListeners");
  });
});

describe("routes of connections and datagrams", () => {
  const stream = (kind: string, options: RouteText = {}, rule = toApp): string => {
    const text = route([`{ ${rule} }`], { kind, ...options }).replace("/v1\n", "/v1alpha2\n");
    return kind === "TLSRoute" ? text : text.replace(/ {2}hostnames: .*\n/, "");
  };
  const udpApp = app.replace("ports: [{ port: 80 }]", "ports: [{ port: 80, protocol: UDP }]");
  const addEntryPoints = (settings: TranslateSettings): void => {
    settings.relayEntryPoints.mongo = { protocol: "tcp", host: "", port: 27017 };
    settings.relayEntryPoints.dns = { protocol: "udp", host: "", port: 53 };
  };
  const cases: [string, string, string, string[]][] = [
    ["TCPRoute", listener("one", "", 27017, "TCP"), app, ["TCPRoute"]],
    ["UDPRoute", listener("one", "", 53, "UDP"), udpApp, ["UDPRoute"]],
    ["TLSRoute", listener("one", "tls: { mode: Passthrough }", 443, "TLS"), app, ["TLSRoute"]],
    ["TLSRoute", listener("one", "tls: { mode: Terminate }", 443, "TLS"), app, ["TLSRoute", "TCPRoute"]],
    ["TCPRoute", listener("one", "tls: { mode: Terminate }", 443, "TLS"), app, ["TLSRoute", "TCPRoute"]],
  ];
  test.each(cases)("a %s on %s", (kind, one, service, kinds) => {
    const statuses = statusesOf(gateway(one) + stream(kind) + service, {}, addEntryPoints);
    expect(parentLines(statuses, `${kind}/app`)).toEqual([
      ["Accepted=True/Accepted", "ResolvedRefs=True/ResolvedRefs"],
    ]);
    expect(statuses.get("Gateway/main")).toMatchObject({
      listeners: [{ attachedRoutes: 1, supportedKinds: kinds.map((name) => ({ kind: name })) }],
    });
    const bad = stream(kind, {}, "backendRefs: [{ name: gone, port: 80 }]");
    expect(parentLines(statusesOf(gateway(one) + bad, {}, addEntryPoints), `${kind}/app`)).toEqual([
      ["Accepted=True/Accepted", "ResolvedRefs=False/BackendNotFound"],
    ]);
  });

  test("of two that take the same datagrams both are accepted, as GEP-1901 has it; one serves", () => {
    const routes = ["a", "b"].map((name) => stream("UDPRoute", { name, created: `2026-01-0${name === "a" ? 2 : 1}` }));
    const text = gateway(listener("one", "", 53, "UDP")) + routes.join("") + udpApp;
    const statuses = statusesOf(text, {}, addEntryPoints);
    for (const name of ["a", "b"]) {
      expect(parentLines(statuses, `UDPRoute/${name}`)).toEqual([
        ["Accepted=True/Accepted", "ResolvedRefs=True/ResolvedRefs"],
      ]);
    }
    expect(statuses.get("Gateway/main")).toMatchObject({ listeners: [{ attachedRoutes: 2 }] });
  });
});

describe("Ingress", () => {
  const ingress = (spec: string, metadata = ""): string =>
    `---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: web${metadata} }\nspec: { ${spec} }\n`;
  const other =
    "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: { name: nginx }\nspec: { controller: k8s.io/ingress-nginx }\n";

  test("ours gets the address, another's does not", () => {
    expect(statusesOf(ingress("rules: []")).get("Ingress/web")).toEqual({
      type: "ingress",
      ingress: [{ hostname: "edge.example.net" }],
    });
    expect(statusesOf(ingress("rules: []"), { address: "2001:db8::1" }).get("Ingress/web")).toEqual({
      type: "ingress",
      ingress: [{ ip: "2001:db8::1" }],
    });
    expect(statusesOf(other + ingress("ingressClassName: nginx")).has("Ingress/web")).toBe(false);
    expect(statusesOf(ingress("rules: []"), { address: undefined }).has("Ingress/web")).toBe(false);
  });

  test("one that the provider does not see is left alone", () => {
    const hidden = statusesOf(ingress("rules: []"), {}, (settings) => {
      settings.ingress.namespaces = ["elsewhere"];
    });
    expect(hidden.has("Ingress/web")).toBe(false);
  });
});

test("what has not changed keeps its identity, what has changed does not", () => {
  const settings = defaultSettings();
  const computer = createStatusComputer(settings);
  const translator = createTranslator(settings);
  const objects = createObjectStore(served(objectsOf(gateway() + simple() + route([`{ ${toApp} }`], { name: "b" }))));
  const compute = () => {
    const snapshot = takeSnapshot(objects, translator.translate(objects).problems);
    const statuses = computer.compute(snapshot, facts());
    return new Map(statuses.map(({ object, content }) => [`${object.kind}/${object.metadata.name}`, content]));
  };
  const before = compute();
  expect(compute().get("HTTPRoute/app")).toBe(before.get("HTTPRoute/app"));
  for (const object of served(objectsOf(route(["{ backendRefs: [{ name: gone, port: 80 }] }"], { name: "b" })), 4)) {
    objects.put(object);
  }
  const after = compute();
  expect(after.get("HTTPRoute/app")).toBe(before.get("HTTPRoute/app"));
  expect(parentLines(after, "HTTPRoute/b")).toEqual([["Accepted=True/Accepted", "ResolvedRefs=False/BackendNotFound"]]);
  objects.remove("Service", "default", "app");
  expect(parentLines(compute())).toEqual([["Accepted=True/Accepted", "ResolvedRefs=False/BackendNotFound"]]);
  objects.remove("Gateway", "default", "main");
  expect(parentLines(compute())).toEqual([]);
});

test("hostile objects throw nothing", () => {
  const kinds = ["GatewayClass", "Gateway", "HTTPRoute", "GRPCRoute", "ReferenceGrant"];
  for (const spec of [
    "7",
    "[]",
    "null",
    "{ rules: [7], listeners: [7], parentRefs: [7], hostnames: 7, addresses: 7 }",
  ]) {
    const text = kinds
      .map(
        (kind) =>
          `---\napiVersion: gateway.networking.k8s.io/v1\nkind: ${kind}\nmetadata: { name: main }\nspec: ${spec}\n`,
      )
      .join("");
    expect(() => statusesOf(text + simple() + traefik("IngressRoute", "x", "routes: 7") + services("y"))).not.toThrow();
  }
});
