import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createUnseal } from "../../../src/seal/create-unseal.ts";
import { linesOf, services, traefik, translateText } from "../translate-text.ts";

const sealKey = new Uint8Array(32).fill(3);
const unseal = createUnseal(Buffer.from(sealKey).toString("base64"));
const translate = (text: string) => translateText(text, (settings) => Object.assign(settings, { sealKey }));

const route = traefik(
  "IngressRoute",
  "r",
  'routes: [{ match: "Path(`/`)", middlewares: [{ name: m }], services: [{ name: a, port: 80 }] }]',
);
const withMiddleware = (spec: string): string => route + services("a") + traefik("Middleware", "m", spec);
const secret = (content: string, type = "Opaque", name = "users"): string =>
  `---\napiVersion: v1\nkind: Secret\nmetadata: { name: ${name} }\ntype: ${type}\nstringData:\n${content.replace(/^/gm, "  ")}\n`;

const SHA = "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=";
const APR1 = "$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/";
const bcryptAt = (cost: string) => `$2y$${cost}$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW`;

/** The one middleware of a table, and what is sealed in it. */
async function open(result: ReturnType<typeof translate>, field: string) {
  const middleware = Object.values(result.table.middlewares)[0] as Record<string, unknown> | undefined;
  const { [field]: sealed, ...rest } = middleware ?? {};
  return { rest, value: typeof sealed === "string" ? JSON.parse(await unseal(sealed)) : undefined };
}

const closed = (result: ReturnType<typeof translate>) => result.table.routers[0]?.closedBy;

describe("basicAuth", () => {
  const basic = withMiddleware("basicAuth: { secret: users }");

  test("lines of htpasswd, sealed", async () => {
    const result = translate(basic + secret(`users: |\n  a:${SHA}\n\n  b:${bcryptAt("08")}`));
    expect(linesOf(result)).toEqual([]);
    const { rest, value } = await open(result, "users");
    expect(rest).toEqual({ type: "basicAuth", realm: "traefik", removeHeader: false });
    expect(value).toEqual([`a:${SHA}`, `b:${bcryptAt("08")}`]);
    expect(JSON.stringify(result.table)).not.toContain("SHA");
  });

  test("all options", async () => {
    const spec = "basicAuth: { secret: users, realm: R, removeHeader: true, headerField: X-User }";
    const { rest } = await open(translate(withMiddleware(spec) + secret(`auth: "a:${SHA}"`)), "users");
    expect(rest).toEqual({ type: "basicAuth", realm: "R", removeHeader: true, headerField: "X-User" });
  });

  test("a plain password is hashed, the same way each time, and stands nowhere", async () => {
    const text = basic + secret("username: u\npassword: marker-password", "kubernetes.io/basic-auth");
    const [one, two] = [translate(text), translate(text)];
    expect(one.table.middlewares).toEqual(two.table.middlewares);
    const { value } = await open(one, "users");
    expect(value).toEqual([expect.stringMatching(/^u:\$pbkdf2-sha256\$4096\$[\w-]{22}\$[\w-]{43}$/)]);
    expect(JSON.stringify([one.table, one.problems, value])).not.toContain("marker-password");
    const other = text.replace("marker-password", "another");
    expect((await open(translate(other), "users")).value).not.toEqual(value);
  });

  const bad: [string, string, string[]][] = [
    ["no colon", "justaname", ["error user-unusable Middleware/m spec.basicAuth.secret"]],
    ["plain", "u:plain", ["error user-unusable Middleware/m spec.basicAuth.secret"]],
    ["a cost too high", `u:${bcryptAt("10")}`, ["error user-unusable Middleware/m spec.basicAuth.secret"]],
  ];
  test.each(bad)("a user with %s cannot log in; the others can", async (_, line, problems) => {
    const result = translate(basic + secret(`users: |\n  ${line}\n  b:${APR1}`));
    expect(linesOf(result)).toEqual(problems);
    expect((await open(result, "users")).value).toEqual([`b:${APR1}`]);
    expect(closed(result)).toBeUndefined();
  });

  test("problems tell no hash and no password", () => {
    const result = translate(basic + secret(`users: |\n  marker-a\n  u:marker-b\n  v:${bcryptAt("31")}`));
    expect(JSON.stringify(result.problems)).not.toMatch(/marker|CCCC/);
  });

  const closing: [string, string, string[]][] = [
    ["no Secret", "", ["error secret-not-found Middleware/m spec.basicAuth.secret"]],
    ["an empty one", secret("users: ''"), ["error middleware-invalid Middleware/m spec.basicAuth.secret"]],
    [
      "several keys, none `users`",
      secret("a: 'x'\nb: 'y'"),
      ["error middleware-invalid Middleware/m spec.basicAuth.secret"],
    ],
    [
      "only users who cannot log in",
      secret("users: 'u:plain'"),
      [
        "error middleware-invalid Middleware/m spec.basicAuth.secret",
        "error user-unusable Middleware/m spec.basicAuth.secret",
      ],
    ],
    [
      "a password without a user",
      secret("password: x", "kubernetes.io/basic-auth"),
      ["error middleware-invalid Middleware/m spec.basicAuth.secret"],
    ],
  ];
  test.each(closing)("%s closes the route", (_, text, problems) => {
    const result = translate(basic + text);
    expect(
      linesOf(result)
        .filter((line) => line.includes("Middleware/m"))
        .sort(),
    ).toEqual(problems);
    expect(closed(result)).toBeDefined();
  });

  test("without a sealing key the route is closed", () => {
    const result = translateText(basic + secret(`users: 'u:${SHA}'`));
    expect(linesOf(result)).toContain("error seal-key-missing Middleware/m spec.basicAuth");
    expect(closed(result)).toBeDefined();
    expect(JSON.stringify(result.table)).not.toContain("SHA");
  });
});

describe("digestAuth", () => {
  const digest = withMiddleware("digestAuth: { secret: users }");
  const ha1 = "a".repeat(32);

  test("lines of htdigest for its realm, sealed", async () => {
    const result = translate(digest + secret(`users: |\n  a:traefik:${ha1}\n  b:other:${ha1}\n  marker`));
    const { rest, value } = await open(result, "users");
    expect(rest).toEqual({ type: "digestAuth", realm: "traefik", removeHeader: false });
    expect(value).toEqual([`a:traefik:${ha1}`]);
    expect(linesOf(result)).toEqual([
      "error user-unusable Middleware/m spec.digestAuth.secret",
      "error user-unusable Middleware/m spec.digestAuth.secret",
    ]);
    expect(JSON.stringify([result.table, result.problems])).not.toMatch(/aaaa|marker/);
  });

  test.each(["", secret("users: ''"), secret(`users: 'u:other:${ha1}'`), secret("users: 'u:traefik:zz'")])(
    "without users the route is closed",
    (text) => {
      const result = translate(digest + text);
      expect(closed(result)).toBeDefined();
      expect(linesOf(result).some((line) => line.startsWith("error") && line.includes("Middleware/m"))).toBe(true);
    },
  );
});

describe("jwt", () => {
  const jwt = (spec: string) => withMiddleware(`jwt: ${spec}`);
  const plain = { type: "jwt", audience: [], requiredClaims: {}, forwardClaims: {}, removeHeader: false };

  test("an issuer's key set becomes a service of the table", () => {
    const result = translate(
      jwt(
        "{ jwksUrl: 'https://issuer.example.com/keys', issuer: 'https://issuer.example.com/', audience: api, requiredClaims: { role: admin, level: [1, 2] }, forwardClaims: { X-User: sub }, removeHeader: true }",
      ),
    );
    expect(linesOf(result)).toEqual([]);
    expect(result.table.middlewares["default-m@kubernetescrd"]).toEqual({
      type: "jwt",
      service: "default-m~jwks@kubernetescrd",
      jwksUrl: "https://issuer.example.com/keys",
      issuer: "https://issuer.example.com/",
      audience: ["api"],
      requiredClaims: { role: ["admin"], level: [1, 2] },
      forwardClaims: { "X-User": "sub" },
      removeHeader: true,
    });
    expect(result.table.services["default-m~jwks@kubernetescrd"]).toMatchObject({ transport: "direct" });
  });

  test("as a plugin, which Traefik's CRDs let through", () => {
    const result = translate(
      withMiddleware("plugin: { jwt: { jwksUrl: 'http://auth.default.svc/keys' } }") + services("auth"),
    );
    expect(linesOf(result)).toEqual([]);
    expect(result.table.middlewares["default-m@kubernetescrd"]).toMatchObject({ type: "jwt" });
  });

  test("a shared secret is sealed", async () => {
    const text = "marker of thirty-two bytes or more";
    const result = translate(jwt("{ secret: users }") + secret(`any: '${text}'`));
    const { rest, value } = await open(result, "keys");
    expect(rest).toEqual(plain);
    expect(value).toEqual({ keys: [{ kty: "oct", k: Buffer.from(text).toString("base64url") }] });
    expect(JSON.stringify([result.table, result.problems])).not.toContain("marker");
  });

  test("of keys only the public part is published", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = publicKey.export({ format: "jwk" });
    const sources = [
      publicKey.export({ format: "pem", type: "spki" }),
      privateKey.export({ format: "pem", type: "pkcs8" }),
      JSON.stringify(privateKey.export({ format: "jwk" })),
      JSON.stringify({ keys: [{ ...privateKey.export({ format: "jwk" }), kid: "a" }] }),
    ];
    for (const text of sources) {
      const result = translate(jwt("{ secret: users }") + secret(`key: ${JSON.stringify(text)}\nother: x`));
      const { value } = await open(result, "keys");
      expect(value.keys).toEqual([expect.objectContaining(jwk)]);
      expect(value.keys[0].d).toBeUndefined();
    }
  });

  test.each([
    ["no keys", "{}", "", "middleware-invalid", ""],
    ["two kinds of keys", "{ secret: users, jwksUrl: 'https://a.com' }", "", "middleware-invalid", ""],
    ["no Secret", "{ secret: users }", "", "secret-not-found", ".secret"],
    ["a short secret", "{ secret: users }", secret("key: short"), "middleware-invalid", ".secret"],
    ["no key", "{ secret: users }", secret("key: '{\"keys\":[]}'"), "middleware-invalid", ".secret"],
    [
      "a shared secret among keys",
      "{ secret: users }",
      secret('key: \'{"kty":"oct","k":"AAAA"}\''),
      "middleware-invalid",
      ".secret",
    ],
    ["a bad PEM", "{ secret: users }", secret("key: '-----BEGIN PUBLIC KEY-----'"), "middleware-invalid", ".secret"],
    ["a bad URL", "{ jwksUrl: keys }", "", "middleware-invalid", ".jwksUrl"],
    ["a header's name", "{ jwksUrl: 'https://a.com', forwardClaims: { 'a b': sub } }", "", "middleware-invalid", ""],
    [
      "a claim of another form",
      "{ jwksUrl: 'https://a.com', requiredClaims: { a: { b: c } } }",
      "",
      "invalid-field",
      ".requiredClaims.a",
    ],
  ])("%s closes the route", (_, spec, more, code, field) => {
    const result = translate(jwt(spec) + more);
    expect(linesOf(result)).toContain(`error ${code} Middleware/m spec.jwt${field}`);
    expect(closed(result)).toBeDefined();
  });

  test("other plugins do not run", () => {
    const result = translate(withMiddleware("plugin: { geoblock: {} }"));
    expect(linesOf(result)).toContain("error middleware-unsupported Middleware/m spec.plugin");
    expect(closed(result)).toBeDefined();
  });
});
