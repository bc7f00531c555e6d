import { describe, expect, test } from "vitest";
import { linesOf, traefik } from "../translate-text.ts";
import { backends, tcpRoute, translateStreams } from "./stream-text.ts";

const db = backends("TCP", 27017, "db");
const toDb = "services: [{ name: db, port: 27017 }]";
const any = `match: "HostSNI(\`*\`)"`;
/** As Traefik names the router of `HostSNI(`*`)`. */
const name = "default-db-673acf455cb2dab0b43a@kubernetescrd";

describe("a route of connections", () => {
  test("becomes a router with all that it needs", () => {
    const { table, problems } = translateStreams(tcpRoute(`{ ${any}, ${toDb} }`) + db);
    expect(problems).toEqual([]);
    expect(table.tcpRouters).toEqual([
      {
        name,
        entryPoints: ["mongo"],
        rule: { type: "any" },
        ruleText: "HostSNI(`*`)",
        priority: -1,
        tieBreaker: "1 ~ default/db IngressRouteTCP 00000",
        middlewares: [],
        service: name,
      },
    ]);
    expect(table.tcpServices).toEqual({ [name]: { type: "loadBalancer", endpoints: "default-db-27017" } });
    expect(table.relayEndpoints).toEqual({
      "default-db-27017": {
        endpoints: [{ address: "10.0.0.1", port: 27017, state: "ready" }],
        clusterIp: { address: "10.96.0.1", port: 27017 },
      },
    });
    expect(table.relayEntryPoints.mongo).toEqual({ protocol: "tcp", host: "", port: 27017 });
    expect([table.routers, table.services, table.endpoints]).toEqual([[], {}, {}]);
  });

  test("is read of both API groups", () => {
    const text = tcpRoute(`{ ${any}, ${toDb} }`).replace("traefik.io", "traefik.containo.us");
    const { table, problems } = translateStreams(text + db);
    expect(problems).toEqual([]);
    expect(table.tcpRouters).toHaveLength(1);
  });

  test.each([
    ["the length of its rule in bytes", "match: 'ClientIP(`10.0.0.1`)'", 20],
    ["its length when 0", "match: 'ClientIP(`10.0.0.1`)', priority: 0", 20],
    ["what it says", "match: 'ClientIP(`10.0.0.1`)', priority: -7", -7],
    ["what it says, though it takes all", `${any}, priority: 5`, 5],
    ["behind all others when it takes all", "match: 'hostsni( `*` )'", -1],
    ["as long as it is when it does more", "match: 'HostSNI(`*`) && ALPN(`h2`)'", 26],
  ])("has the priority: %s", (_, fields, priority) => {
    const { table } = translateStreams(tcpRoute(`{ ${fields}, ${toDb} }`, "tls: {}") + db);
    expect(table.tcpRouters[0]?.priority).toBe(priority);
  });

  test("in the older syntax", () => {
    const { table, problems } = translateStreams(
      tcpRoute(`{ match: "HostSNI(\`a.com\`, \`b.com\`)", syntax: v2, ${toDb} }`, "tls: {}") + db,
    );
    expect(problems).toEqual([]);
    expect(table.tcpRouters[0]?.rule).toEqual({
      type: "or",
      rules: [
        { type: "sni", name: "a.com" },
        { type: "sni", name: "b.com" },
      ],
    });
  });

  test.each([
    ["", undefined],
    ["tls: null", undefined],
    ["tls: {}", { passthrough: false }],
    ["tls: { passthrough: true }", { passthrough: true }],
  ])("with %j", (tls, expected) => {
    const { table, problems } = translateStreams(tcpRoute(`{ ${any}, ${toDb} }`, tls) + db);
    expect(problems).toEqual([]);
    expect(table.tcpRouters[0]?.tls).toEqual(expected);
  });

  test.each([
    ["store: { name: default }", []],
    ["store: { name: other }", ["notice unsupported-field IngressRouteTCP/db spec.tls.store"]],
    ["certResolver: x", ["notice unsupported-field IngressRouteTCP/db spec.tls.certResolver"]],
    ["domains: [{ main: a.com }]", ["notice unsupported-field IngressRouteTCP/db spec.tls.domains"]],
  ])("with tls.%s", (tls, lines) => {
    const result = translateStreams(tcpRoute(`{ ${any}, ${toDb} }`, `tls: { ${tls} }`) + db);
    expect(linesOf(result)).toEqual(lines);
    expect(result.table.tcpRouters[0]?.tls).toEqual({ passthrough: false });
  });

  test("of another class is another controller's", () => {
    const text = tcpRoute(`{ match: nonsense }`, "ingressClassName: other");
    expect(translateStreams(text)).toMatchObject({ problems: [], table: { tcpRouters: [] } });
  });
});

describe("its entry points", () => {
  const route = (more: string) =>
    translateStreams(traefik("IngressRouteTCP", "db", `routes: [{ ${any}, ${toDb} }]\n${more}`) + db, (settings) => {
      settings.relayEntryPoints.traefik = { protocol: "tcp", host: "", port: 9000 };
      settings.entryPoints.traefik = { port: 9000 };
    });
  test("are all of TCP when it names none", () => {
    expect(route("").table.tcpRouters[0]?.entryPoints).toEqual(["web", "websecure", "mongo"]);
  });

  test("are those marked as default when there are some", () => {
    const text = traefik("IngressRouteTCP", "db", `routes: [{ ${any}, ${toDb} }]`) + db;
    const { table } = translateStreams(text, ({ relayEntryPoints: { mongo } }) => {
      if (mongo) mongo.asDefault = true;
    });
    expect(table.tcpRouters[0]?.entryPoints).toEqual(["mongo"]);
    expect(table.relayEntryPoints.mongo).not.toHaveProperty("asDefault");
  });

  test.each([
    ["[mongoo]", "entry-point-not-found", "Did you mean `mongo`?", []],
    ["[dns]", "entry-point-protocol", expect.any(String) as string, []],
    ["[mongo, mongo, dns]", "entry-point-protocol", expect.any(String) as string, ["mongo"]],
    ["[constructor]", "entry-point-not-found", expect.any(String) as string, []],
  ])("%s: %s", (names, code, hint, left) => {
    const { table, problems } = route(`entryPoints: ${names}`);
    expect(problems).toMatchObject([{ code, severity: "error", hint, object: { kind: "IngressRouteTCP" } }]);
    expect(table.tcpRouters.flatMap(({ entryPoints }) => entryPoints)).toEqual(left);
  });

  test("that are of UDP take no requests either", () => {
    const http = traefik("IngressRoute", "w", "entryPoints: [dns]\nroutes: [{ match: Path(`/`) }]");
    expect(linesOf(translateStreams(http))).toEqual(["error entry-point-protocol IngressRoute/w spec.entryPoints.0"]);
  });
});

describe("rules", () => {
  const lines = (match: string, more = "") =>
    linesOf(translateStreams(tcpRoute(`{ match: ${JSON.stringify(match)}, ${toDb} }`, more) + db));
  test.each([
    "HostSNI(`db.example.com`)",
    "HostSNI(`*.example.com`)",
    "HostSNIRegexp(`^db`)",
    "ALPN(`h2`)",
    'ClientIP(`10.0.0.0/8`) && HostSNI("db")',
    "HostSNI(`a`) || ALPN(`h2`)",
    "!HostSNI(`*`)",
  ])("without TLS %s can match nothing", (match) => {
    expect(lines(match)).toEqual(["warning rule-needs-tls IngressRouteTCP/db spec.routes.0.match"]);
    expect(lines(match, "tls: null")).toEqual(["warning rule-needs-tls IngressRouteTCP/db spec.routes.0.match"]);
    expect(lines(match, "tls: {}")).toEqual([]);
  });

  test.each([
    "HostSNI(`*`)",
    "ClientIP(`10.0.0.0/8`)",
    "!ClientIP(`10.0.0.0/8`)",
    "!HostSNI(`a`)",
    "HostSNI(`a`) || ClientIP(`::1`)",
    "HostSNIRegexp(`.*`)",
  ])("without TLS %s can match", (match) => {
    expect(lines(match)).toEqual([]);
  });

  test.each([
    ["Host(`a`)", "rule-syntax"],
    ["HostSNI(`a:443`)", "rule-syntax"],
    ["HostSNIRegexp(`(`)", "rule-regexp"],
    ["", "rule-syntax"],
  ])("%j does not parse: %s", (match, code) => {
    expect(lines(match, "tls: {}")).toEqual([`error ${code} IngressRouteTCP/db spec.routes.0.match`]);
  });

  test("a second route with the same rule is left out", () => {
    const { table, problems } = translateStreams(tcpRoute(`{ ${any}, ${toDb} }\n  - { ${any}, ${toDb} }`) + db);
    expect(problems).toMatchObject([{ code: "duplicate-router", path: ["spec", "routes", 1, "match"] }]);
    expect(table.tcpRouters).toHaveLength(1);
  });
});

test.each(["[]", "x", "{ routes: {} }", "{ routes: [null, 3, { match: 4 }] }", "{}"])(
  "whatever it holds, it costs only itself: %s",
  (spec) => {
    const other = tcpRoute(`{ ${any}, ${toDb} }`, "", "other");
    const { table, problems } = translateStreams(traefik("IngressRouteTCP", "t", spec) + other + db);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.every(({ code, object }) => code === "invalid-field" && object.name === "t")).toBe(true);
    expect(table.tcpRouters).toHaveLength(1);
  },
);

test("misplaced fields are told where they belong", () => {
  const { problems } = translateStreams(
    tcpRoute(`{ ${any}, services: [{ name: db, port: 27017, strategy: leastconn }] }`, "passthrough: true") + db,
  );
  expect(problems).toMatchObject([
    { code: "misplaced-field", hint: expect.stringContaining("spec.tls.passthrough") },
    { code: "misplaced-field", hint: expect.stringContaining("sluice.dev/tcp-strategy") },
  ]);
});
