import { describe, expect, test } from "vitest";
import type { KubernetesObject } from "../../../sync-agent/source/kubernetes-object.ts";
import { createObjectStore } from "../../../sync-agent/source/memory-store.ts";
import { resolveBackend } from "../../../sync-agent/translate/kubernetes/resolve-backend.ts";

const service = (spec: object): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace: "shop", name: "web" },
  spec,
});

const slice = (name: string, fields: object): KubernetesObject => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { namespace: "shop", name, labels: { "kubernetes.io/service-name": "web" } },
  addressType: "IPv4",
  ...fields,
});

const pods = (addresses: string[], conditions: object = {}) =>
  addresses.map((one) => ({ addresses: [one], conditions }));

const plain = { ports: [{ port: 80 }] };
const named = {
  ports: [
    { name: "http", port: 80 },
    { name: "admin", port: 8080 },
  ],
};

function resolve(
  port: number | string | undefined,
  objects: KubernetesObject[],
  options: { allowExternalName?: boolean; scheme?: string } = {},
) {
  const ref = { namespace: "shop", name: "web", port };
  return resolveBackend(ref, createObjectStore(objects), { allowExternalName: false, ...options });
}

function backend(...args: Parameters<typeof resolve>) {
  const result = resolve(...args);
  if ("problem" in result) throw new Error(result.problem.message);
  return result;
}

function refusal(...args: Parameters<typeof resolve>) {
  const result = resolve(...args);
  if (!("problem" in result)) throw new Error("resolved");
  return result.problem;
}

describe("ports", () => {
  const slices = slice("a", {
    ports: [
      { name: "http", port: 3000 },
      { name: "admin", port: 9000 },
    ],
    endpoints: pods(["10.0.0.1"]),
  });
  const cases: [string, number | string, string, number][] = [
    ["by number", 80, "shop-web-80", 3000],
    ["by name", "admin", "shop-web-8080", 9000],
    ["a number in quotes", "8080", "shop-web-8080", 9000],
  ];
  test.each(cases)("%s", (_, port, key, podPort) => {
    const { key: found, endpoints, problems } = backend(port, [service(named), slices]);
    expect({ found, ports: endpoints.endpoints.map((one) => one.port), problems }).toEqual({
      found: key,
      ports: [podPort],
      problems: [],
    });
  });

  test("slices may resolve one port to different numbers", () => {
    const objects = [
      service(named),
      slice("a", { ports: [{ name: "http", port: 3000 }], endpoints: pods(["10.0.0.1"]) }),
      slice("b", { ports: [{ name: "http", port: 3001 }], endpoints: pods(["10.0.0.2"]) }),
    ];
    expect(backend(80, objects).endpoints.endpoints).toEqual([
      { address: "10.0.0.1", port: 3000, state: "ready" },
      { address: "10.0.0.2", port: 3001, state: "ready" },
    ]);
  });

  test("a UDP port of the same number is passed over", () => {
    const spec = {
      ports: [
        { name: "dns", port: 53, protocol: "UDP" },
        { name: "dns-tcp", port: 53 },
      ],
    };
    const ports = [
      { name: "dns", port: 5353 },
      { name: "dns-tcp", port: 5354 },
    ];
    const objects = [service(spec), slice("a", { ports, endpoints: pods(["10.0.0.1"]) })];
    expect(backend(53, objects).endpoints.endpoints).toMatchObject([{ port: 5354 }]);
  });

  test("the only port is taken when none is named, with a warning", () => {
    const objects = [service(plain), slice("a", { ports: [{ port: 80 }], endpoints: pods(["10.0.0.1"]) })];
    expect(backend(undefined, objects).problems).toMatchObject([
      { code: "service-port-not-found", severity: "warning", hint: "Write port 80" },
    ]);
  });

  const refused: [string, number | string | undefined, RegExp][] = [
    ["an absent number lists those there are", 81, /^There are 80 \(`http`\), 8080 \(`admin`\)$/],
    ["an absent name gets the nearest", "htpp", /Did you mean `http`/],
    ["none of several", undefined, /There are 80/],
  ];
  test.each(refused)("refused: %s", (_, port, hint) => {
    expect(refusal(port, [service(named)])).toMatchObject({
      code: "service-port-not-found",
      severity: "error",
      hint: expect.stringMatching(hint),
    });
  });

  test("refused: a Service without ports", () => {
    expect(refusal(80, [service({ clusterIP: "None" })]).code).toBe("service-port-not-found");
  });

  test("refused: an absent Service", () => {
    expect(refusal(80, [])).toMatchObject({
      code: "service-not-found",
      refersTo: { kind: "Service", namespace: "shop", name: "web", port: "80" },
    });
  });
});

describe("endpoints", () => {
  const states: [string, object | null | undefined, string[]][] = [
    ["no conditions", undefined, ["ready"]],
    ["null conditions", null, ["ready"]],
    ["ready", { ready: true, serving: true, terminating: false }, ["ready"]],
    ["not ready", { ready: false, serving: false, terminating: false }, []],
    ["terminating and serving", { ready: false, serving: true, terminating: true }, ["terminating"]],
    ["terminating, serving unknown", { ready: false, terminating: true }, []],
    ["terminating and no longer serving", { ready: false, serving: false, terminating: true }, []],
    [
      "ready by publishNotReadyAddresses while terminating",
      { ready: true, serving: false, terminating: true },
      ["terminating"],
    ],
  ];
  test.each(states)("%s", (_, conditions, expected) => {
    const endpoints = [{ addresses: ["10.0.0.1"], conditions }];
    const objects = [service(plain), slice("a", { ports: [{ port: 80 }], endpoints })];
    expect(backend(80, objects).endpoints.endpoints.map(({ state }) => state)).toEqual(expected);
  });

  test("slices are merged, in an order of their own, each endpoint once", () => {
    const ports = [{ name: "", port: 80 }];
    const terminating = { ready: false, serving: true, terminating: true };
    const objects = [
      service(plain),
      slice("a", { ports, endpoints: [...pods(["10.0.0.3"], terminating), ...pods(["10.0.0.2"])] }),
      slice("b", { ports, endpoints: pods(["10.0.0.1", "10.0.0.3"]) }),
      slice("c", { ports, addressType: "IPv6", endpoints: pods(["fd00::1"]) }),
      slice("d", { ports, endpoints: pods(["10.0.0.3"], terminating) }),
    ];
    expect(backend(80, objects).endpoints.endpoints).toEqual([
      { address: "10.0.0.1", port: 80, state: "ready" },
      { address: "10.0.0.2", port: 80, state: "ready" },
      { address: "10.0.0.3", port: 80, state: "ready" },
      { address: "fd00::1", port: 80, state: "ready" },
    ]);
  });

  test("an Endpoints object serves when there are no slices", () => {
    const legacy: KubernetesObject = {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { namespace: "shop", name: "web" },
      subsets: [
        {
          addresses: [{ ip: "10.0.0.1" }],
          notReadyAddresses: [{ ip: "10.0.0.2" }],
          ports: [{ name: "http", port: 3000 }],
        },
        { addresses: null, ports: null },
      ],
    };
    expect(backend(80, [service(named), legacy]).endpoints.endpoints).toEqual([
      { address: "10.0.0.1", port: 3000, state: "ready" },
    ]);
    const slices = slice("a", { ports: [{ name: "http", port: 1 }], endpoints: pods(["10.0.0.9"]) });
    expect(backend(80, [service(named), legacy, slices]).endpoints.endpoints).toMatchObject([{ address: "10.0.0.9" }]);
  });

  test("a malformed slice harms only itself", () => {
    const good = slice("a", { ports: [{ port: 80 }], endpoints: pods(["10.0.0.1", "not-an-ip"]) });
    const bad = [
      slice("b", { ports: "80", endpoints: pods(["10.0.0.2"]) }),
      slice("c", { ports: [{ port: 80 }], endpoints: 7 }),
      slice("d", { ports: [{ port: 80 }], addressType: "FQDN", endpoints: pods(["a.example.com"]) }),
    ];
    const { endpoints, problems } = backend(80, [service(plain), good, ...bad]);
    expect(endpoints.endpoints).toEqual([{ address: "10.0.0.1", port: 80, state: "ready" }]);
    expect(problems.map(({ refersTo }) => refersTo?.name)).toEqual(["a", "b", "c", "d"]);
  });

  const empty: [string, KubernetesObject[], RegExp][] = [
    ["no slices", [], /no EndpointSlices/],
    [
      "no port of that name",
      [slice("a", { ports: [{ name: "web", port: 1 }], endpoints: pods(["10.0.0.1"]) })],
      /without a name/,
    ],
  ];
  test.each(empty)("without any: %s", (_, slices, hint) => {
    const { endpoints, problems } = backend(80, [service({ ...plain, clusterIP: "10.96.0.7" }), ...slices]);
    expect(endpoints).toEqual({ endpoints: [], clusterIp: { address: "10.96.0.7", port: 80 } });
    expect(problems).toMatchObject([
      { code: "service-no-endpoints", severity: "warning", hint: expect.stringMatching(hint) },
    ]);
  });

  test.each(["None", "", undefined])("no cluster address: %s", (clusterIP) => {
    expect(backend(80, [service({ ...plain, clusterIP })]).endpoints.clusterIp).toBeUndefined();
  });
});

describe("schemes", () => {
  const cases: [string, object, string | undefined, string][] = [
    ["http by default", { port: 80 }, undefined, "http"],
    ["443", { port: 443 }, undefined, "https"],
    ["a name that begins with https", { port: 8443, name: "https-api" }, undefined, "https"],
    ["explicit", { port: 443 }, "http", "http"],
    ["explicit before the application protocol", { port: 80, appProtocol: "kubernetes.io/h2c" }, "http", "http"],
    ["h2c", { port: 80, appProtocol: "kubernetes.io/h2c" }, undefined, "h2c"],
    ["WebSockets over TLS", { port: 80, appProtocol: "kubernetes.io/wss" }, undefined, "https"],
    ["http on 443", { port: 443, appProtocol: "http" }, undefined, "http"],
    ["another protocol", { port: 443, appProtocol: "example.com/own" }, undefined, "https"],
  ];
  test.each(cases)("%s", (_, port, scheme, expected) => {
    const number = (port as { port: number }).port;
    expect(backend(number, [service({ ports: [port] })], scheme === undefined ? {} : { scheme }).scheme).toBe(expected);
  });
});

describe("ExternalName", () => {
  const external = (externalName: string, ports?: object[]) =>
    service({ type: "ExternalName", externalName, ...(ports === undefined ? {} : { ports }) });
  const allowed = { allowExternalName: true };

  test("its name is dialled at the Service's port", () => {
    const result = backend("https", [external("API.Example.com.", [{ name: "https", port: 443 }])], allowed);
    expect(result).toMatchObject({
      externalName: "api.example.com",
      scheme: "https",
      endpoints: { endpoints: [{ address: "api.example.com", port: 443, state: "ready" }] },
      problems: [],
    });
  });

  test("a number need not be among its ports", () => {
    expect(backend(8443, [external("api.example.com")], allowed).problems).toEqual([]);
    expect(backend(8443, [external("api.example.com", [{ port: 80 }])], allowed).problems).toMatchObject([
      { code: "service-port-not-found", severity: "warning" },
    ]);
    expect(refusal("web", [external("api.example.com")], allowed).code).toBe("service-port-not-found");
  });

  test("off unless allowed", () => {
    expect(refusal(80, [external("api.example.com")]).code).toBe("external-name-not-allowed");
  });

  const refused = [
    "",
    "localhost",
    "LOCALHOST.",
    "a.localhost",
    "localhost.localdomain",
    "ip6-loopback",
    "127.0.0.1",
    "10.0.0.1",
    "2130706433",
    "0x7f.1",
    "[::1]",
    "::1",
    "http://example.com",
    "a b.example.com",
    "a..example.com",
    `${"a".repeat(64)}.example.com`,
  ];
  test.each(refused)("refused: %j", (externalName) => {
    expect(refusal(80, [external(externalName)], allowed).code).toBe("external-name-refused");
  });
});

test("routes of one Service share its endpoints, until a slice changes", () => {
  const ports = [{ name: "http", port: 3000 }];
  const store = createObjectStore([service(named), slice("a", { ports, endpoints: pods(["10.0.0.1"]) })]);
  const resolveAgain = (port: number | string) => {
    const result = resolveBackend({ namespace: "shop", name: "web", port }, store, { allowExternalName: false });
    return "problem" in result ? undefined : result.endpoints;
  };
  const first = resolveAgain(80);
  expect(resolveAgain("http")).toBe(first);
  expect(resolveAgain(8080)).toEqual({ endpoints: [] });
  store.put(slice("b", { ports, endpoints: pods(["10.0.0.2"]) }));
  expect(resolveAgain(80)?.endpoints).toHaveLength(2);
  store.remove("EndpointSlice", "shop", "a");
  store.remove("EndpointSlice", "shop", "b");
  expect(resolveAgain(80)).toEqual({ endpoints: [] });
});

test("a Service whose fields make no sense harms only itself", () => {
  for (const spec of [undefined, null, 7, "x", [], { ports: 7 }, { ports: [{ port: "http" }] }, { ports: [null] }]) {
    expect(refusal(80, [{ ...service({}), spec }]).code).toBe("service-port-not-found");
  }
  const mixed = [
    { name: 3, port: 80 },
    { name: "http", port: 80 },
  ];
  expect(backend(80, [service({ ports: mixed })]).problems.map(({ code }) => code)).toEqual([
    "invalid-field",
    "service-no-endpoints",
  ]);
});
