import { createHash } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import type { MiddlewareOptions } from "../../src/table/middleware.ts";
import { guard, sealed, testRuntime } from "./auth-runtime.ts";
import { exchangeOf } from "./run-middleware.ts";

const work = vi.hoisted(() => ({ hashed: [] as number[] }));
vi.mock("../../src/password/md5.ts", async (importOriginal) => {
  const { md5: original } = await importOriginal<typeof import("../../src/password/md5.ts")>();
  const md5: typeof original = (bytes) => {
    work.hashed.push(bytes.length);
    return original(bytes);
  };
  return { md5 };
});

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
const line = (user: string, realm = "traefik", password = "secret"): string =>
  `${user}:${realm}:${md5(`${user}:${realm}:${password}`)}`;
const options = (more: Partial<MiddlewareOptions<"digestAuth">> = {}) =>
  ({
    type: "digestAuth",
    users: sealed([line("alice"), line("bob"), line("carol", "other")]),
    realm: "traefik",
    removeHeader: false,
    ...more,
  }) as const;

const START = Date.UTC(2026, 10, 21);
const MINUTE = 60_000;

/** A client as RFC 7616 has it, and the clock of the edge. */
function login(more: Partial<MiddlewareOptions<"digestAuth">> = {}) {
  let now = START;
  const runtime = testRuntime({ now: () => now });
  const ask = guard(options(more), runtime);
  const challengeOf = (response: Response) => response.headers.get("www-authenticate") ?? "";
  const nonceOf = (challenge: string) => /nonce="([^"]*)"/.exec(challenge)?.[1] ?? "";
  return {
    ask,
    challengeOf,
    wait: (ms: number) => {
      now += ms;
    },
    nonce: async () => nonceOf(challengeOf((await ask({})).response)),
    credentials(nonce: string, changes: Record<string, string> = {}): string {
      const given = {
        username: "alice",
        realm: "traefik",
        password: "secret",
        method: "GET",
        uri: "/",
        nc: "00000001",
        cnonce: "0a4f113b",
        qop: "auth",
        nonce,
        ...changes,
      };
      const ha1 = md5(`${given.username}:${given.realm}:${given.password}`);
      const ha2 = md5(`${given.method}:${given.uri}`);
      const response = md5([ha1, given.nonce, given.nc, given.cnonce, given.qop, ha2].join(":"));
      const { username, realm, uri, qop, nc, cnonce } = given;
      return `Digest username="${username}", realm="${realm}", nonce="${given.nonce}", uri="${uri}", algorithm=MD5, qop=${qop}, nc=${nc}, cnonce="${cnonce}", response="${changes.response ?? response}"`;
    },
  };
}

describe("who is let in", () => {
  it("is named in the access log, and nobody else is", async () => {
    const { ask, credentials, nonce } = login();
    const logged = async (password: string) =>
      (await ask({ headers: { Authorization: credentials(await nonce(), { password }) } })).user;
    expect([await logged("secret"), await logged("wrong")]).toEqual(["alice", undefined]);
  });

  it("is asked, and then answers", async () => {
    const { ask, challengeOf, credentials, nonce } = login();
    const refused = await ask({});
    expect([refused.status, challengeOf(refused.response)]).toEqual([
      401,
      expect.stringMatching(/^Digest realm="traefik", qop="auth", algorithm=MD5, nonce="[\w.-]+"$/),
    ]);
    const headers = { Authorization: credentials(await nonce()) };
    expect((await ask({ headers })).status).toBe(200);
    expect((await ask({ headers: { Authorization: credentials(await nonce(), { username: "bob" }) } })).status).toBe(
      200,
    );
  });

  it("may ask for any target, for that one", async () => {
    const { ask, credentials, nonce } = login();
    const Authorization = credentials(await nonce(), { uri: "/a%20b?x=%22", method: "POST" });
    const send = (url: string, method = "POST") => ask({ url, method, headers: { Authorization } });
    expect((await send("http://a.com/a%20b?x=%22")).status).toBe(200);
    expect((await send("http://a.com/a%20b?x=1")).status).toBe(401);
    expect((await send("http://a.com/other?x=%22")).status).toBe(401);
    expect((await send("http://a.com/a%20b?x=%22", "PUT")).status).toBe(401);
  });

  it("may ask a host that no URL can have, and gets only what it asks for", async () => {
    const { credentials, nonce } = login();
    const service = async () => new Response();
    const wrap = buildMiddlewares({ it: options() }, () => service, testRuntime({ now: () => START }))("it");
    const send = async (target: string, uri: string): Promise<number> => {
      const Authorization = credentials(await nonce(), { uri });
      const exchange = exchangeOf({ headers: { Authorization } });
      // A Request of Node's refuses such a URL, workerd's does not look at it.
      const request = { url: `http://a%zz${target}`, method: "GET" } as Request;
      return (await wrap(service)({ ...exchange, headers: exchange.headers, request })).status;
    };
    expect(await send("/a?b=c", "/a?b=c")).toBe(200);
    expect(await send("/a?b=c", "http://a.com/a?b=c")).toBe(200);
    expect(await send("/other", "/a?b=c")).toBe(401);
    expect(await send("//a.com/b", "/b")).toBe(401);
    expect(await send("/b", "//a.com/b")).toBe(401);
  });

  const wrong: [string, Record<string, string>][] = [
    ["another password", { password: "Secret" }],
    ["an unknown user", { username: "nobody" }],
    ["a user of another realm", { username: "carol", realm: "other" }],
    ["another realm", { realm: "other" }],
    ["no quality", { qop: "" }],
    ["another quality", { qop: "auth-int" }],
    ["no count", { nc: "" }],
    ["a response of another form", { response: "x" }],
    ["an empty response", { response: "" }],
    ["a target that is none", { uri: "http://[" }],
  ];
  it.each(wrong)("not with %s", async (_, changes) => {
    const { ask, credentials, nonce } = login();
    const { status, origin } = await ask({ headers: { Authorization: credentials(await nonce(), changes) } });
    expect([status, origin]).toEqual([401, undefined]);
  });

  it.each(["Digest", "Digest x", 'Digest username="alice"', "Basic YWxpY2U6c2VjcmV0", `Digest ${'a="'.repeat(5000)}`])(
    "not with %.30s",
    async (Authorization) => {
      expect((await login().ask({ headers: { Authorization } })).status).toBe(401);
    },
  );

  it.each([
    ["one long name", "a".repeat(500_000)],
    ["names", "a ".repeat(250_000)],
    ["blanks", `a${" ".repeat(500_000)}b`],
    ["quotes that do not end", 'a="\\"'.repeat(100_000)],
    ["values", "a=".repeat(250_000)],
  ])("not with a bomb of %s, which costs no more than reading it", async (_, list) => {
    expect((await login().ask({ headers: { Authorization: `Digest ${list}` } })).status).toBe(401);
  });

  it("nobody, when what is sealed does not open", async () => {
    const runtime = testRuntime({ unseal: () => Promise.reject(new Error("other key")) });
    expect((await guard(options(), runtime)({})).status).toBe(503);
  });
});

it("an unknown user costs as much work as a wrong password", async () => {
  const { ask, credentials, nonce } = login();
  const worked = async (changes: Record<string, string>): Promise<number[]> => {
    const Authorization = credentials(await nonce(), changes);
    work.hashed.length = 0;
    expect((await ask({ headers: { Authorization } })).status).toBe(401);
    return [...work.hashed];
  };
  const known = await worked({ password: "wrong" });
  expect(known).toHaveLength(2);
  for (const username of ["nobody", "carol", "x".repeat(300)]) expect(await worked({ username })).toEqual(known);
});

describe("a nonce", () => {
  it("ends after five minutes, and the client is told that only the nonce is old", async () => {
    const { ask, challengeOf, credentials, nonce, wait } = login();
    const headers = { Authorization: credentials(await nonce()) };
    wait(5 * MINUTE - 1);
    expect((await ask({ headers })).status).toBe(200);
    wait(1);
    const late = await ask({ headers });
    expect([late.status, challengeOf(late.response)]).toEqual([401, expect.stringMatching(/, stale=true$/)]);
  });

  it("of another isolate is taken, one that nobody issued is not", async () => {
    const { credentials, nonce } = login();
    const issued = await nonce();
    const other = login();
    expect((await other.ask({ headers: { Authorization: credentials(issued) } })).status).toBe(200);
    const [time = ""] = issued.split(".");
    const forged = [
      "x",
      `${time}.${"A".repeat(43)}`,
      issued.replace(/^./, "z"),
      `${(START + 10 * MINUTE).toString(36)}.${issued.split(".")[1]}`,
    ];
    for (const made of forged) {
      expect((await other.ask({ headers: { Authorization: credentials(made) } })).status).toBe(401);
    }
  });

  it.each([
    [MINUTE, 200],
    [MINUTE + 1, 401],
  ])("of an isolate whose clock is ahead by %i ms: %i", async (ahead, status) => {
    const theirs = login();
    theirs.wait(ahead);
    const { ask, credentials } = login();
    expect((await ask({ headers: { Authorization: credentials(await theirs.nonce()) } })).status).toBe(status);
  });

  it("of other users' list is not taken", async () => {
    const issued = await login({ users: sealed([line("alice", "traefik", "x")]) }).nonce();
    const { ask, credentials } = login();
    expect((await ask({ headers: { Authorization: credentials(issued) } })).status).toBe(401);
  });
});

it.each([
  [{}, true, "forged"],
  [{ removeHeader: true }, false, "forged"],
  [{ headerField: "X-User" }, true, "alice"],
])("the service sees with %j", async (more, seesCredentials, user) => {
  const { ask, credentials, nonce } = login(more);
  const { origin } = await ask({ headers: { Authorization: credentials(await nonce()), "X-User": "forged" } });
  expect(origin).toMatchObject({ "x-user": user });
  expect(origin?.authorization !== undefined).toBe(seesCredentials);
});
