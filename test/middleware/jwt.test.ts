import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import type { Exchange, Handler } from "../../src/exchange/exchange.ts";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import type { MiddlewareOptions } from "../../src/table/middleware.ts";
import { sealed, testRuntime } from "./auth-runtime.ts";
import { exchangeOf } from "./run-middleware.ts";

type Options = MiddlewareOptions<"jwt">;
type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

const START = Date.UTC(2026, 10, 21);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const shared = new TextEncoder().encode("a shared secret of thirty-two bytes");
const oct = { kty: "oct", k: Buffer.from(shared).toString("base64url") };

let pairs: Record<"one" | "two", Pair>;
beforeAll(async () => {
  const make = () => generateKeyPair("EdDSA", { extractable: true });
  pairs = { one: await make(), two: await make() };
});

const publicSet = async (...names: ("one" | "two")[]) => ({
  keys: await Promise.all(
    names.map(async (kid) => ({ ...(await exportJWK(pairs[kid].publicKey)), kid, alg: "EdDSA" })),
  ),
});

const sign = (claims: JWTPayload, kid: "one" | "two" = "one") =>
  new SignJWT(claims).setProtectedHeader({ alg: "EdDSA", kid }).sign(pairs[kid].privateKey);
const signShared = (claims: JWTPayload, alg = "HS256", key: Uint8Array = shared) =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(key);

const plain: Options = { type: "jwt", audience: [], requiredClaims: {}, forwardClaims: {}, removeHeader: false };

/** A guard with its clock, and the issuer that it asks for keys. */
function guardBy(more: Partial<Options>, issuer: () => Response | Promise<Response> = () => new Response(null)) {
  let now = START;
  const asked: Exchange[] = [];
  const waiting: Promise<unknown>[] = [];
  const reported: string[] = [];
  const service: Handler = async (exchange) => {
    asked.push(exchange);
    return issuer();
  };
  const runtime = testRuntime({ now: () => now, report: ({ event }) => reported.push(event) });
  const wrap = buildMiddlewares({ it: { ...plain, ...more } }, () => service, runtime)("it");
  return {
    asked,
    reported,
    wait: (ms: number) => {
      now += ms;
    },
    settle: () => Promise.all(waiting.splice(0)),
    async send(token: string | undefined, headers: Record<string, string> = {}) {
      const authorization: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
      const exchange = exchangeOf({ headers: { ...authorization, ...headers } });
      exchange.waitUntil = (work) => waiting.push(work);
      let origin: Record<string, string> | undefined;
      const response = await wrap(async (passed) => {
        origin = Object.fromEntries(passed.headers.current);
        return new Response("origin");
      })(exchange);
      return { status: response.status, challenge: response.headers.get("www-authenticate"), origin };
    },
  };
}

const withKeys = async () => ({ keys: sealed(await publicSet("one")) });
const withJwks = { jwksUrl: "https://issuer.example.com/keys?x", service: "issuer" };

describe("a token", () => {
  it("passes when it is signed by the key, or with the shared secret", async () => {
    expect((await guardBy(await withKeys()).send(await sign({ sub: "alice" }))).status).toBe(200);
    const guard = guardBy({ keys: sealed({ keys: [oct] }) });
    expect((await guard.send(await signShared({ sub: "alice" }))).status).toBe(200);
  });

  it("is asked for", async () => {
    const guard = guardBy(await withKeys());
    expect(await guard.send(undefined)).toEqual({ status: 401, challenge: "Bearer", origin: undefined });
    for (const Authorization of ["Bearer", "Basic eDp5", `Bearer ${"x".repeat(20_000)}`, "Bearer a b"]) {
      expect(await guard.send(undefined, { Authorization })).toMatchObject({ status: 401, challenge: "Bearer" });
    }
  });

  const none = (claims: object): string =>
    [{ alg: "none" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const refused: [string, Partial<Options>, () => Promise<string> | string][] = [
    ["not a token", {}, () => "x.y.z"],
    ["of another key", {}, () => sign({}, "two")],
    ["unsigned", {}, () => `${none({ sub: "a" })}.`],
    [
      "signed with the public key as a secret",
      {},
      async () =>
        signShared({}, "HS256", new TextEncoder().encode(JSON.stringify(await exportJWK(pairs.one.publicKey)))),
    ],
    [
      "changed",
      {},
      async () => (await sign({ sub: "a" })).replace(/\.(.)/, (_, first) => (first === "e" ? ".f" : ".e")),
    ],
    ["too old", {}, () => sign({ exp: START / 1000 - 30 })],
    ["too new", {}, () => sign({ nbf: START / 1000 + 31 })],
    ["of another issuer", { issuer: "https://issuer/" }, () => sign({ iss: "https://other/" })],
    ["of no issuer", { issuer: "https://issuer/" }, () => sign({})],
    ["for another audience", { audience: ["api", "web"] }, () => sign({ aud: ["admin"] })],
    ["for no audience", { audience: ["api"] }, () => sign({})],
  ];
  it.each(refused)("does not pass %s", async (_, more, make) => {
    const answer = await guardBy({ ...(await withKeys()), ...more }).send(await make());
    expect(answer).toEqual({ status: 401, challenge: 'Bearer error="invalid_token"', origin: undefined });
  });

  it("with a shared secret: not by another one, nor by a key pair", async () => {
    const guard = guardBy({ keys: sealed({ keys: [oct] }) });
    const other = new TextEncoder().encode("another secret of thirty-two bytes!");
    expect((await guard.send(await signShared({}, "HS256", other))).status).toBe(401);
    expect((await guard.send(await sign({}))).status).toBe(401);
  });

  it("passes for its issuer, its audience and its time", async () => {
    const guard = guardBy({ ...(await withKeys()), issuer: "https://issuer/", audience: ["api", "web"] });
    const claims = { iss: "https://issuer/", aud: "web", nbf: START / 1000 + 30, exp: START / 1000 + 60 };
    const token = await sign(claims);
    expect((await guard.send(token)).status).toBe(200);
    guard.wait(90 * SECOND - 1);
    expect((await guard.send(token)).status).toBe(200);
    guard.wait(1);
    expect((await guard.send(token)).status).toBe(401);
  });

  it("nobody's, when the key does not open", async () => {
    expect((await guardBy({ keys: "sealed by another" }).send(await sign({}))).status).toBe(503);
  });
});

describe("claims", () => {
  const cases: [Options["requiredClaims"], JWTPayload, number][] = [
    [{ role: ["admin"] }, { role: "admin" }, 200],
    [{ role: ["admin", "root"] }, { role: ["user", "root"] }, 200],
    [{ scope: ["write"] }, { scope: "read write" }, 200],
    [{ "realm_access.roles": ["ops"] }, { realm_access: { roles: ["ops"] } }, 200],
    [{ "https://example.com/a.b": [true] }, { "https://example.com/a.b": true }, 200],
    [{ level: [3] }, { level: 3 }, 200],
    [{ role: ["admin"] }, {}, 403],
    [{ role: ["admin"] }, { role: "administrator" }, 403],
    [{ role: ["admin"] }, { role: "user admin" }, 403],
    [{ role: ["admin"], level: [3] }, { role: "admin" }, 403],
    [{ level: [3] }, { level: "3" }, 403],
    [{ "constructor.name": ["Object"] }, {}, 403],
    [{ role: [] }, { role: "admin" }, 403],
  ];
  it.each(cases)("%j of %j: %i", async (requiredClaims, claims, status) => {
    const answer = await guardBy({ ...(await withKeys()), requiredClaims }).send(await sign(claims));
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.challenge).toBe('Bearer error="insufficient_scope"');
  });

  it("are told to the service, and nobody else can", async () => {
    const forwardClaims = {
      "X-User": "sub",
      "X-Groups": "groups",
      "X-Org": "org.name",
      "X-All": "org",
      "X-None": "none",
    };
    const guard = guardBy({ ...(await withKeys()), forwardClaims, removeHeader: true });
    const forged = Object.fromEntries(
      ["X-User", "X_User", "x-none", "X_None", "X-Groups"].map((name) => [name, "forged"]),
    );
    const token = await sign({ sub: "zoë\r\nX-Admin: 1", groups: ["a", "b"], org: { name: "100%" } });
    const { origin } = await guard.send(token, forged);
    expect(origin).toEqual({
      "x-user": "zo%C3%AB%0D%0AX-Admin: 1",
      "x-groups": "a,b",
      "x-org": "100%25",
      "x-all": '{"name":"100%25"}',
    });
  });
});

describe("an issuer's key set", () => {
  const serve = (set: () => object | Promise<object>) => async () => Response.json(await set());

  it("is fetched once, without telling for whom", async () => {
    const guard = guardBy(
      withJwks,
      serve(() => publicSet("one")),
    );
    for (let i = 0; i < 3; i++) expect((await guard.send(await sign({ i }))).status).toBe(200);
    expect(guard.asked).toHaveLength(1);
    const [question] = guard.asked;
    expect([question?.host, question?.path, question?.query, question?.client.address]).toEqual([
      "issuer.example.com",
      "/keys",
      "?x",
      "",
    ]);
    expect(Object.fromEntries(question?.headers.current ?? [])).toEqual({ accept: "application/json" });
  });

  it("is fetched anew beside requests after ten minutes, and a token of a key that is gone ends", async () => {
    let names: ("one" | "two")[] = ["one"];
    const guard = guardBy(
      withJwks,
      serve(() => publicSet(...names)),
    );
    const token = await sign({});
    await guard.send(token);
    names = ["two"];
    guard.wait(10 * MINUTE);
    expect((await guard.send(token)).status).toBe(200);
    await guard.settle();
    expect(guard.asked).toHaveLength(2);
    expect((await guard.send(token)).status).toBe(401);
    expect((await guard.send(await sign({}, "two"))).status).toBe(200);
  });

  it("is looked at again for a key that it lacked, but not for each forged one", async () => {
    let names: ("one" | "two")[] = ["one"];
    const guard = guardBy(
      withJwks,
      serve(() => publicSet(...names)),
    );
    expect((await guard.send(await sign({}, "two"))).status).toBe(401);
    expect(guard.asked).toHaveLength(1);
    names = ["one", "two"];
    guard.wait(30 * SECOND);
    expect((await guard.send(await sign({}, "two"))).status).toBe(200);
    const forged = (await sign({})).replace(
      /^[^.]*/,
      Buffer.from('{"alg":"EdDSA","kid":"forged"}').toString("base64url"),
    );
    for (let i = 0; i < 20; i++) expect((await guard.send(forged)).status).toBe(401);
    expect(guard.asked).toHaveLength(2);
  });

  it("serves for an hour while the issuer is away, then nobody passes", async () => {
    let isAway = false;
    const guard = guardBy(withJwks, async () =>
      isAway ? new Response(null, { status: 502 }) : Response.json(await publicSet("one")),
    );
    const token = await sign({});
    await guard.send(token);
    isAway = true;
    guard.wait(59 * MINUTE);
    expect((await guard.send(token)).status).toBe(200);
    await guard.settle();
    guard.wait(MINUTE);
    expect((await guard.send(token)).status).toBe(503);
    expect((await guard.send(token)).status).toBe(503);
    expect([guard.asked.length, guard.reported]).toEqual([3, ["key-set-unreadable", "key-set-unreadable"]]);
    isAway = false;
    guard.wait(SECOND);
    expect((await guard.send(token)).status).toBe(200);
  });

  const bad: [string, () => Response | Promise<Response>][] = [
    ["an error", () => new Response("{}", { status: 500 })],
    ["a redirect", () => new Response(null, { status: 302, headers: { Location: "https://evil.example.com" } })],
    ["no JSON", () => new Response("<html>")],
    ["no set", () => Response.json({ keys: "x" })],
    ["a shared secret", () => Response.json({ keys: [oct] })],
    ["a megabyte", () => new Response(" ".repeat(1024 * 1024))],
    ["nothing", () => Promise.reject(new Error("away"))],
  ];
  it.each(bad)("that is %s lets nobody pass", async (_, answer) => {
    const guard = guardBy(withJwks, answer);
    expect((await guard.send(await sign({}))).status).toBe(503);
    guard.wait(MINUTE);
    expect((await guard.send(await signShared({}))).status).toBe(503);
  });

  it("requests that come at once wait for nobody's fetch but their own", async () => {
    const guard = guardBy(
      withJwks,
      serve(() => publicSet("one")),
    );
    const token = await sign({});
    const answers = await Promise.all([guard.send(token), guard.send(token)]);
    expect([answers.map(({ status }) => status), guard.asked.length]).toEqual([[200, 200], 2]);
  });
});

it("cannot be built without keys", () => {
  expect(() => guardBy({})).toThrow("neither a key nor a URL");
  expect(() => guardBy({ keys: "x", forwardClaims: { "a b": "sub" } })).toThrow("cannot be built");
});
