import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readFolder } from "../../../sync-agent/source/folder-source.ts";
import { defaultSettings, type TranslateSettings } from "../../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../../sync-agent/translate/translate.ts";

const fixtures = join(import.meta.dirname, "../../fixtures/articles");

async function translateFolder(name: string, change: (settings: TranslateSettings) => void = () => {}) {
  const folder = await readFolder(join(fixtures, name));
  const settings = defaultSettings();
  change(settings);
  const { table, problems } = createTranslator(settings).translate(folder.store);
  const lines = [
    ...folder.problems.map(({ code, location: { file, line } }) => `${file}:${line} ${code}`),
    ...problems.map(({ code, object, path, span }) => {
      const place = folder.locate(object, path, { key: code.endsWith("-field"), ...(span ? { span } : {}) });
      return `${place?.file}:${place?.line} ${code}`;
    }),
  ];
  return { table, problems, lines };
}

test("000: several protocols, a transport with foreign fields, a route without a name", async () => {
  const { table, problems, lines } = await translateFolder("000-protocols", ({ relayEntryPoints }) => {
    relayEntryPoints["mysql-ep"] = { protocol: "tcp", host: "", port: 3306 };
    relayEntryPoints["dns-ep"] = { protocol: "udp", host: "", port: 53 };
  });
  expect(lines.sort()).toEqual(
    [
      "http.yaml:12 service-not-found",
      "http.yaml:24 misplaced-field",
      "http.yaml:28 misplaced-field",
      "http.yaml:29 misplaced-field",
      "http.yaml:30 misplaced-field",
      "http.yaml:31 misplaced-field",
      "http.yaml:32 misplaced-field",
      "http.yaml:33 misplaced-field",
      "tcp-udp.yaml:9 rule-needs-tls",
      "tcp-udp.yaml:11 service-not-found",
      "tcp-udp.yaml:23 service-not-found",
      "tcp-udp.yaml:26 missing-name",
      "tcp-udp.yaml:32 service-not-found",
    ].sort(),
  );
  expect(problems.filter(({ code }) => code === "misplaced-field").every(({ hint }) => hint !== undefined)).toBe(true);
  expect(problems.find(({ code }) => code === "service-not-found")?.refersTo).toEqual({
    kind: "Service",
    namespace: "default",
    name: "http-svc",
    port: "80",
  });
  expect(table.routers).toMatchObject([
    { entryPoints: ["websecure"], tls: true, priority: 45, service: "unavailable@internal" },
  ]);
  expect(table.services).toEqual({ "unavailable@internal": { type: "status", status: 503 } });
});

test("001: the Ingress apart, nothing is said about objects that route nothing", async () => {
  const { lines } = await translateFolder("001-outside-the-cluster");
  expect(lines.filter((line) => line.startsWith("rbac.yaml"))).toEqual([]);
});

describe("002: canary and mirror", () => {
  test("over HTTP", async () => {
    const { table, lines } = await translateFolder("002-canary/http");
    expect(lines.filter((line) => !line.endsWith("service-no-endpoints"))).toEqual([]);
    expect(table.routers.map(({ ruleText, service }) => [ruleText, service])).toEqual([
      ["Host(`mirror.xinn.cc`)", "default-app-mirror@kubernetescrd"],
      ["Host(`wrr.xinn.cc`)", "default-app-wrr@kubernetescrd"],
    ]);
    expect(table.services).toMatchObject({
      "default-app-wrr@kubernetescrd": {
        type: "weighted",
        children: [
          { service: "default-appv1-80@kubernetescrd", weight: 3 },
          { service: "default-appv2-80@kubernetescrd", weight: 1 },
        ],
      },
      "default-app-mirror@kubernetescrd": {
        type: "mirroring",
        service: "default-v1-80@kubernetescrd",
        mirrorBody: true,
        maxBodySize: -1,
        mirrors: [{ service: "default-v2-80@kubernetescrd", percent: 50 }],
      },
    });
  });

  const streams = ({ relayEntryPoints }: TranslateSettings): void => {
    relayEntryPoints.mongo = { protocol: "tcp", host: "", port: 27017 };
    relayEntryPoints.udpep = { protocol: "udp", host: "", port: 18080 };
  };

  test("over TCP and UDP", async () => {
    const { table, problems } = await translateFolder("002-canary/tcp-and-udp", streams);
    expect(problems.map(({ code, refersTo }) => [code, refersTo?.name])).toEqual([
      ["service-no-endpoints", "mongo-traefik"],
      ["service-no-endpoints", "whoamiudp"],
    ]);
    expect(table.tcpRouters).toMatchObject([{ entryPoints: ["mongo"], rule: { type: "any" }, priority: -1 }]);
    expect(table.udpRouters).toMatchObject([
      {
        name: "default-whoamiudp-0@kubernetescrd",
        entryPoints: ["udpep"],
        service: "default-whoamiudp-0@kubernetescrd",
      },
    ]);
    expect(Object.keys(table.relayEndpoints).sort()).toEqual([
      "default-mongo-traefik-27017",
      "default-whoamiudp-8080-udp",
    ]);
  });

  test("over TLS that the relay ends", async () => {
    const { table } = await translateFolder("002-canary/tcp-tls", streams);
    expect(table.tcpRouters).toMatchObject([
      { entryPoints: ["mongo"], rule: { type: "sni", name: "mongo.local" }, tls: { passthrough: false } },
    ]);
  });
});

test("003: nothing is said about objects that route nothing", async () => {
  const { lines } = await translateFolder("003-gateway-api");
  expect(lines.filter((line) => line.startsWith("metallb.yaml"))).toEqual([]);
});

describe("004: weights, mirrors and sticky sessions", () => {
  const wrr = "default-wrr@kubernetescrd";
  test("1 to 2", async () => {
    const { table, lines } = await translateFolder("004-sticky/weighted");
    expect(lines.filter((line) => !line.endsWith("service-no-endpoints"))).toEqual([]);
    expect(table.routers[0]?.service).toBe(wrr);
    expect(table.services[wrr]).toEqual({
      type: "weighted",
      children: [
        { service: "default-myapp1-80@kubernetescrd", weight: 1 },
        { service: "default-myapp2-80@kubernetescrd", weight: 2 },
      ],
    });
  });

  test("50 percent mirrored", async () => {
    const { table } = await translateFolder("004-sticky/mirrored");
    expect(table.services["default-mirror@kubernetescrd"]).toMatchObject({
      type: "mirroring",
      service: "default-myapp1-80@kubernetescrd",
      mirrors: [{ service: "default-myapp2-80@kubernetescrd", percent: 50 }],
    });
  });

  test("the cookie of Traefik 2 and its successors lead to one child", async () => {
    const { table } = await translateFolder("004-sticky/sticky");
    const service = table.services[wrr];
    expect(service).toMatchObject({
      sticky: { name: "lvl1", path: "/", secure: false, httpOnly: false, maxAge: 0 },
      children: [
        { legacyCookieValues: expect.arrayContaining(["default-myapp1-80"]) },
        { cookieValue: "063d8603bfb44904", legacyCookieValues: expect.arrayContaining(["default-myapp2-80"]) },
      ],
    });
  });
});
