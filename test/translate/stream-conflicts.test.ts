import { describe, expect, test } from "vitest";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { defaultSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../sync-agent/translate/translate.ts";
import { backends, tcpRoute, translateStreams, udpRoute, withStreams } from "./traefik/stream-text.ts";
import { objectsOf } from "./translate-text.ts";

const db = backends("TCP", 80, "db");
const toDb = "services: [{ name: db, port: 80 }]";
const dns = backends("UDP", 53, "resolver");
const toResolver = "{ services: [{ name: resolver, port: 53 }] }";
const any = `match: "HostSNI(\`*\`)", ${toDb}`;

const conflicts = (text: string) =>
  translateStreams(text).problems.map(({ code, severity, object, path, message }) => {
    expect(code).toBe("router-conflict");
    return { severity, object: object.name, path: path.join("."), message };
  });

describe("routes of connections", () => {
  test("with the same entry point, rule and priority: the other is named", () => {
    expect(conflicts(tcpRoute(`{ ${any} }`, "", "b") + tcpRoute(`{ ${any} }`, "", "a") + db)).toEqual([
      {
        severity: "warning",
        object: "b",
        path: "spec.routes.0.match",
        message:
          "On the entry point `mongo` the IngressRouteTCP `default/a` has the same rule and priority; this route gets no connections there",
      },
    ]);
  });

  test("the older object serves", () => {
    const older = tcpRoute(`{ ${any} }`, "", "b").replace(
      "{ name: b }",
      '{ name: b, creationTimestamp: "2024-01-01T00:00:00Z" }',
    );
    expect(conflicts(tcpRoute(`{ ${any} }`, "", "a") + older + db)).toMatchObject([{ object: "a" }]);
  });

  test("rules are compared by what they say", () => {
    const routes =
      "{ match: 'HostSNI(`a.com`)', <to> }\n  - { match: 'HostSNI(\"A.com\")', <to> }\n  - { match: 'HostSNI(`b.com`)', <to> }";
    const found = conflicts(tcpRoute(routes.replaceAll("<to>", toDb), "tls: {}") + db);
    expect(found).toMatchObject([
      { path: "spec.routes.1.match", message: expect.stringContaining("an earlier route of this object") },
    ]);
  });

  test.each([
    ["another priority", tcpRoute(`{ ${any}, priority: 3 }`, "", "b")],
    ["another rule", tcpRoute(`{ match: "ClientIP(\`::1\`)", ${toDb} }`, "", "b")],
    ["TLS", tcpRoute(`{ ${any} }`, "tls: {}", "b")],
    ["another entry point", tcpRoute(`{ ${any} }`, "", "b").replace("[mongo]", "[web]")],
  ])("are apart by %s", (_, other) => {
    expect(conflicts(tcpRoute(`{ ${any} }`, "", "a") + other + db)).toEqual([]);
  });

  test("on several entry points are told once", () => {
    const both = (name: string): string => tcpRoute(`{ ${any} }`, "", name).replace("[mongo]", "[mongo, web]");
    expect(conflicts(both("a") + both("b") + db)).toMatchObject([
      { object: "b", message: expect.stringContaining("On the entry points `mongo`, `web`") },
    ]);
  });
});

describe("routes of datagrams", () => {
  test("on one entry point: the smallest tie-breaker serves", () => {
    const found = conflicts(
      udpRoute(`[${toResolver}]`, undefined, "b") + udpRoute(`[${toResolver}, ${toResolver}]`, undefined, "a") + dns,
    );
    expect(found).toMatchObject([
      { severity: "error", object: "a", path: "spec.routes.1" },
      { severity: "error", object: "b", path: "spec.routes.0", message: expect.stringContaining("`default/a`") },
    ]);
  });

  test("that lose one of their entry points are served on the others", () => {
    const all = udpRoute(`[${toResolver}]`, "", "b");
    expect(conflicts(all + udpRoute(`[${toResolver}]`, undefined, "a") + dns)).toMatchObject([
      { severity: "warning", object: "b" },
    ]);
  });
});

test("come and go with the objects", () => {
  const settings = defaultSettings();
  withStreams(settings);
  const translator = createTranslator(settings);
  const store = createObjectStore(objectsOf(tcpRoute(`{ ${any} }`, "", "b") + db));
  const losers = (): string[] => translator.translate(store).problems.map(({ object }) => object.name);
  expect(losers()).toEqual([]);
  const [a] = objectsOf(tcpRoute(`{ ${any} }`, "", "a"));
  const [z] = objectsOf(tcpRoute(`{ ${any} }`, "", "z"));
  if (a === undefined || z === undefined) throw new Error("the test has no objects");
  store.put(z);
  expect(losers()).toEqual(["z"]);
  store.put(a);
  expect(losers()).toEqual(["b", "z"]);
  store.remove("IngressRouteTCP", "default", "a");
  expect(losers()).toEqual(["z"]);
  store.remove("IngressRouteTCP", "default", "z");
  expect(losers()).toEqual([]);
});
