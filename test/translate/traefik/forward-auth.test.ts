import { describe, expect, test } from "vitest";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import { createObjectStore } from "../../../sync-agent/source/memory-store.ts";
import { defaultSettings } from "../../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../../sync-agent/translate/translate.ts";
import { linesOf, objectsOf, services, traefik, translateText } from "../translate-text.ts";

const SERVICE = "default-m~auth@kubernetescrd";

const route = traefik(
  "IngressRoute",
  "r",
  'routes: [{ match: "Path(`/`)", middlewares: [{ name: m }], services: [{ name: a, port: 80 }] }]',
);
const withMiddleware = (spec: string): string => route + services("a") + traefik("Middleware", "m", spec);
const secret = (name: string, entries: Record<string, string>): string =>
  `---\napiVersion: v1\nkind: Secret\nmetadata: { name: ${name} }\nstringData: ${JSON.stringify(entries)}\n`;
const secureService =
  "---\napiVersion: v1\nkind: Service\nmetadata: { name: auth }\nspec: { ports: [{ name: https, port: 8443 }] }\n";
const [authority, pair] = await Promise.all([
  makeCertificate(["authority"], Date.now()),
  makeCertificate(["edge"], Date.now()),
]);

const closed = (result: ReturnType<typeof translateText>) => result.table.routers[0]?.closedBy;

describe("forwardAuth", () => {
  const forward = (address: string, more = "") =>
    translateText(withMiddleware(`forwardAuth: { address: "${address}"${more} }`) + services("auth"));

  test("a Service of the cluster becomes a service of the table", () => {
    const result = forward("http://auth.default.svc.cluster.local/verify?x", ", authResponseHeaders: [X-User]");
    expect(linesOf(result)).toEqual([]);
    expect(result.table.middlewares["default-m@kubernetescrd"]).toEqual({
      type: "forwardAuth",
      service: SERVICE,
      address: "http://auth.default.svc.cluster.local/verify?x",
      trustForwardHeader: false,
      authResponseHeaders: ["X-User"],
      authRequestHeaders: [],
      addAuthCookiesToResponse: [],
      forwardBody: false,
      maxBodySize: -1,
      maxResponseBodySize: -1,
      preserveLocationHeader: false,
      preserveRequestMethod: false,
    });
    expect(result.table.services[SERVICE]).toEqual({
      type: "loadBalancer",
      endpoints: "default-auth-80",
      scheme: "http",
      passHostHeader: true,
      transport: "gateway",
      serversTransport: SERVICE,
    });
    expect(result.table.serversTransports).toEqual({ [SERVICE]: { responseHeaderTimeoutMs: 30_000 } });
    expect(Object.keys(result.table.endpoints).sort()).toEqual(["default-a-80", "default-auth-80"]);
  });

  test.each([
    "http://auth/x",
    "http://auth.default/x",
    "http://auth.default.svc/x",
    "http://AUTH.default.svc.example.org./x",
  ])("%s is that Service", (address) => {
    expect(forward(address).table.services[SERVICE]).toMatchObject({ endpoints: "default-auth-80" });
  });

  test.each([
    ["https://auth.example.com/x", "direct", false, "auth.example.com", 443],
    ["http://auth.other/x", "direct", false, "auth.other", 80],
    ["http://auth.corp.internal:8080/x", "gateway", true, "auth.corp.internal", 8080],
    ["http://nobody/x", "gateway", true, "nobody", 80],
  ] as const)("%s is another host, asked %s", (address, transport, passHostHeader, host, port) => {
    const { table, problems } = forward(address);
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(table.services[SERVICE]).toMatchObject({ transport, passHostHeader, endpoints: `${host}-${port}` });
    expect(table.endpoints[`${host}-${port}`]?.endpoints).toEqual([{ address: host, port, state: "ready" }]);
  });

  test("what goes with the middleware goes from the table with it", () => {
    const without = traefik("Middleware", "m", "forwardAuth: { address: http://auth.default.svc }") + services("auth");
    const { table } = translateText(without);
    expect([table.services, table.endpoints, table.serversTransports]).toEqual([{}, {}, {}]);
  });

  test.each([
    ["no URL", "auth:9091", "", "middleware-invalid", "address"],
    ["another scheme", "ftp://auth.example.com", "", "middleware-invalid", "address"],
    ["a password", "http://user:pass@auth.example.com", "", "middleware-invalid", "address"],
    ["an address", "http://169.254.169.254/latest", "", "external-name-refused", "address"],
    ["the loopback", "http://localhost:8080", "", "external-name-refused", "address"],
    ["a loopback in disguise", "http://0x7f000001/", "", "external-name-refused", "address"],
    ["an IPv6 address", "http://[::1]/", "", "external-name-refused", "address"],
    ["no such Service", "http://gone.default.svc", "", "service-not-found", "address"],
    ["a port that it has not", "http://auth.default.svc:81", "", "service-port-not-found", "address"],
    ["what is no TLS", "http://auth", ", tls: { insecureSkipVerify: 1 }", "invalid-field", "tls.insecureSkipVerify"],
    ["a header's name for the log", "http://auth", ", headerField: 'a b'", "middleware-invalid", "headerField"],
    ["a script", "http://auth", ', authSigninURL: "javascript:alert(1)"', "middleware-invalid", "authSigninURL"],
    ["no host to sign in at", "http://auth", ', authSigninURL: "https://"', "middleware-invalid", "authSigninURL"],
    ["a header's name", "http://auth", ", authResponseHeaders: ['a b']", "middleware-invalid", "authResponseHeaders"],
    ["a pattern", "http://auth", ", authResponseHeadersRegex: '('", "middleware-invalid", "authResponseHeadersRegex"],
  ])("%s closes the route", (_, address, more, code, field) => {
    const result = forward(address, more);
    expect(linesOf(result)).toContain(`error ${code} Middleware/m spec.forwardAuth.${field}`);
    expect(closed(result)).toBeDefined();
    expect(JSON.stringify(result.problems)).not.toContain("user:pass");
  });

  test("what differs is said", () => {
    const result = forward("http://auth", ", forwardBody: true");
    expect(linesOf(result)).toEqual(["warning unsupported-field Middleware/m spec.forwardAuth.forwardBody"]);
    expect(closed(result)).toBeUndefined();
  });

  test.each(["https://sign.in/start?a=b", "/oauth2/start", "login", "//sign.in/"])(
    "who has to log in is sent to %s, and the log told who did",
    (authSigninURL) => {
      const result = forward("http://auth", `, headerField: X-User, authSigninURL: "${authSigninURL}"`);
      expect(linesOf(result)).toEqual([]);
      expect(result.table.middlewares["default-m@kubernetescrd"]).toMatchObject({
        headerField: "X-User",
        authSigninURL,
      });
    },
  );

  test("what is empty is left out", () => {
    const { table, problems } = forward("http://auth", ", headerField: '', authSigninURL: '', tls: { caSecret: '' }");
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    const middleware = table.middlewares["default-m@kubernetescrd"] ?? {};
    expect([Object.hasOwn(middleware, "headerField"), Object.hasOwn(middleware, "authSigninURL")]).toEqual([
      false,
      false,
    ]);
  });
});

describe("TLS to the server", () => {
  const secure = (more: string, objects = "", address = "https://auth.default.svc.cluster.local:8443/verify") => {
    const text = withMiddleware(`forwardAuth: { address: "${address}"${more} }`);
    return translateText(text + secureService + objects);
  };
  const transportOf = ({ table }: ReturnType<typeof secure>) => table.serversTransports[SERVICE];

  test("a Service's certificate is held to the name that it is asked by", () => {
    const result = secure("");
    expect(linesOf(result)).toEqual([]);
    expect(transportOf(result)).toEqual({
      serverName: "auth.default.svc.cluster.local",
      responseHeaderTimeoutMs: 30_000,
    });
    expect(result.table.services[SERVICE]).toMatchObject({ scheme: "https", serversTransport: SERVICE });
  });

  test("is as Secrets and options say", () => {
    const objects =
      secret("ca", { "ca.crt": authority.cert }) + secret("client", { "tls.crt": pair.cert, "tls.key": pair.key });
    const result = secure(", tls: { caSecret: ca, certSecret: client, insecureSkipVerify: false }", objects);
    expect(linesOf(result)).toEqual([]);
    expect(transportOf(result)).toEqual({
      serverName: "auth.default.svc.cluster.local",
      insecureSkipVerify: false,
      rootCAs: [authority.cert],
      certificates: [{ certificate: pair.cert, key: pair.key }],
      responseHeaderTimeoutMs: 30_000,
    });
    expect(JSON.stringify([result.table.middlewares, result.table.services])).not.toContain("PRIVATE KEY");
    expect(closed(result)).toBeUndefined();
  });

  test("`tls.ca` is read before `ca.crt`", () => {
    const result = secure(", tls: { caSecret: ca }", secret("ca", { "ca.crt": pair.cert, "tls.ca": authority.cert }));
    expect(transportOf(result)).toMatchObject({ rootCAs: [authority.cert] });
  });

  test("the only entry of a Secret is its authority, whatever its name", () => {
    expect(transportOf(secure(", tls: { caSecret: ca }", secret("ca", { ca: authority.cert })))).toMatchObject({
      rootCAs: [authority.cert],
    });
    const two = secure(", tls: { caSecret: ca }", secret("ca", { ca: authority.cert, other: pair.cert }));
    expect(closed(two)).toBeDefined();
  });

  test("is not verified where that is said", () => {
    expect(transportOf(secure(", tls: { insecureSkipVerify: true }"))).toMatchObject({ insecureSkipVerify: true });
  });

  test.each(["https://auth.example.com/verify", "https://auth.corp.internal/verify"])(
    "what only the gateway can do is asked of it, also for %s",
    (address) => {
      const { hostname: host } = new URL(address);
      const result = secure(", tls: { caSecret: ca }", secret("ca", { "ca.crt": authority.cert }), address);
      expect(linesOf(result)).toEqual([]);
      expect(result.table.services[SERVICE]).toMatchObject({
        transport: "gateway",
        passHostHeader: true,
        endpoints: `${host}-443`,
        serversTransport: SERVICE,
      });
      expect(transportOf(result)).toMatchObject({ serverName: host, rootCAs: [authority.cert] });
    },
  );

  test("a public host of which nothing is demanded is asked by the edge", () => {
    const result = secure(", tls: {}", "", "https://auth.example.com/verify");
    expect(result.table.services[SERVICE]).toMatchObject({ transport: "direct" });
    expect(result.table.serversTransports).toEqual({});
  });

  test.each([
    ["no such authority", "{ caSecret: gone }", "", "secret-not-found", "caSecret"],
    ["no such certificate", "{ certSecret: gone }", "", "secret-not-found", "certSecret"],
    ["no authority in it", "{ caSecret: s }", secret("s", { other: "x", more: "y" }), "middleware-invalid", "caSecret"],
    ["a broken authority", "{ caSecret: s }", secret("s", { "ca.crt": "x" }), "middleware-invalid", "caSecret"],
    ["no key", "{ certSecret: s }", secret("s", { "tls.crt": pair.cert }), "middleware-invalid", "certSecret"],
    [
      "another's key",
      "{ certSecret: s }",
      secret("s", { "tls.crt": pair.cert, "tls.key": authority.key }),
      "middleware-invalid",
      "certSecret",
    ],
  ])("%s closes the route", (_, tls, objects, code, field) => {
    const result = secure(`, tls: ${tls}`, objects);
    expect(linesOf(result)).toContain(`error ${code} Middleware/m spec.forwardAuth.tls.${field}`);
    expect(closed(result)).toBeDefined();
    expect(result.table.serversTransports).toEqual({});
    expect(JSON.stringify(result.problems)).not.toContain("PRIVATE KEY");
  });

  test("a Secret that comes opens the route, and one that goes closes it", () => {
    const store = createObjectStore(
      objectsOf(
        withMiddleware(`forwardAuth: { address: "https://auth.default.svc:8443", tls: { caSecret: ca } }`) +
          secureService,
      ),
    );
    const translator = createTranslator(defaultSettings());
    expect(translator.translate(store).table.routers[0]?.closedBy).toBeDefined();
    const [ca] = objectsOf(secret("ca", { "ca.crt": authority.cert }));
    if (ca === undefined) throw new Error("no Secret");
    store.put(ca);
    expect(translator.translate(store).table.routers[0]?.closedBy).toBeUndefined();
    store.remove("Secret", "default", "ca");
    expect(translator.translate(store).table.routers[0]?.closedBy).toBeDefined();
  });

  test("what has no effect is said", () => {
    const plain = secure(", tls: { insecureSkipVerify: true }", services("plain"), "http://plain.default.svc");
    expect(linesOf(plain)).toEqual(["warning unsupported-field Middleware/m spec.forwardAuth.tls"]);
    expect(transportOf(plain)).toEqual({ responseHeaderTimeoutMs: 30_000 });
    const away = secure(", tls: { insecureSkipVerify: true }", "", "http://auth.example.com");
    expect(away.table.services[SERVICE]).toMatchObject({ transport: "direct" });
    expect(linesOf(secure(", tls: { caOptional: true }"))).toEqual([
      "warning unsupported-field Middleware/m spec.forwardAuth.tls.caOptional",
    ]);
  });
});
