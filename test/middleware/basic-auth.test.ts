import { describe, expect, it, vi } from "vitest";
import { createVerdictCache } from "../../src/middleware/verdict-cache.ts";
import type { MiddlewareOptions } from "../../src/table/middleware.ts";
import { guard, sealed, testRuntime } from "./auth-runtime.ts";

const work = vi.hoisted(() => ({ compared: [] as string[] }));
vi.mock("../../src/password/password-hash.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/password/password-hash.ts")>();
  return {
    ...original,
    isPassword: ((password, hash) => {
      work.compared.push(hash.type);
      return original.isPassword(password, hash);
    }) satisfies typeof original.isPassword,
  };
});

const SHA_TEST = "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=";
const APR1_TEST = "$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/";
const BCRYPT_UU = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

const options = (users: string[], more: Partial<MiddlewareOptions<"basicAuth">> = {}) =>
  ({ type: "basicAuth", users: sealed(users), realm: "traefik", removeHeader: false, ...more }) as const;
const basic = (text: string, scheme = "Basic") => ({
  headers: { Authorization: `${scheme} ${Buffer.from(text).toString("base64")}` },
});

const users = [`sha:${SHA_TEST}`, `apr:${APR1_TEST}`, `bc:${BCRYPT_UU}`];

describe("who is let in", () => {
  it.each(["sha:test", "apr:test", "bc:U*U"])("%s, each time", async (credentials) => {
    const ask = guard(options(users));
    expect([(await ask(basic(credentials))).status, (await ask(basic(credentials, "bASIC"))).status]).toEqual([
      200, 200,
    ]);
  });

  it("is named in the access log, and nobody else is", async () => {
    const ask = guard(options(users));
    expect([(await ask(basic("sha:test"))).user, (await ask(basic("sha:wrong"))).user]).toEqual(["sha", undefined]);
  });

  it.each([
    ["sha:Test"],
    ["sha:"],
    [":test"],
    ["nobody:test"],
    ["sha"],
    ["SHA:test"],
    [`sha:${SHA_TEST}`],
    ["sha:test\0"],
    ["__proto__:test"],
  ])("not %j", async (credentials) => {
    const { status, origin, response } = await guard(options(users))(basic(credentials));
    expect([status, origin, response.headers.get("www-authenticate")]).toEqual([
      401,
      undefined,
      'Basic realm="traefik"',
    ]);
  });

  it.each(["", "Basic", "Basic !", "Basic c2hhOnRlc3Q=x", "Bearer c2hhOnRlc3Q=", "Basic c2hhOnRlc3Q=, Basic eDp5"])(
    "not by %j",
    async (Authorization) => {
      expect((await guard(options(users))({ headers: { Authorization } })).status).toBe(401);
    },
  );

  it("tells bytes apart that are not UTF-8", async () => {
    const hash = "{SHA}heUyceFABvAmWSHQLU1zbNxYCws=";
    const ask = guard(options([`u:${hash}`]));
    const send = (byte: number) =>
      ask({ headers: { Authorization: `Basic ${Buffer.from([0x75, 0x3a, byte]).toString("base64")}` } });
    // The hash is that of the byte 0xff.
    expect([(await send(0xff)).status, (await send(0xfe)).status]).toEqual([200, 401]);
  });

  it("nobody, when what is sealed does not open: the route is closed", async () => {
    const reported: unknown[] = [];
    const runtime = testRuntime({
      unseal: () => Promise.reject(new Error("other key")),
      report: ({ event }) => reported.push(event),
    });
    const ask = guard(options(users), runtime);
    expect([(await ask(basic("sha:test"))).status, (await ask(basic("sha:test"))).status]).toEqual([503, 503]);
    expect(reported).toEqual(["secret-unreadable"]);
  });
});

describe("what the service sees", () => {
  it.each([
    [{}, "Basic c2hhOnRlc3Q=", "forged"],
    [{ removeHeader: true }, undefined, "forged"],
    [{ headerField: "X-WebAuth-User" }, "Basic c2hhOnRlc3Q=", "sha"],
  ])("%j", async (more, authorization, user) => {
    const { headers } = basic("sha:test");
    const { origin } = await guard(options(users, more))({ headers: { ...headers, "X-WebAuth-User": "forged" } });
    expect([origin?.authorization, origin?.["x-webauth-user"]]).toEqual([authorization, user]);
  });

  it("the realm is quoted", async () => {
    const { response } = await guard(options(users, { realm: 'a "b" \\' }))({});
    expect(response.headers.get("www-authenticate")).toBe('Basic realm="a \\"b\\" \\\\"');
  });

  it.each([{ realm: "a\r\nSet-Cookie: b" }, { headerField: "a b" }])("cannot be forged: %j", (more) => {
    expect(() => guard(options(users, more))).toThrow("cannot be built");
  });
});

describe("the work that an answer takes", () => {
  const compared = async (line: string[], credentials: string): Promise<string[]> => {
    const ask = guard(options(line));
    work.compared.length = 0;
    await ask(basic(credentials));
    return [...work.compared];
  };

  it.each([`u:${SHA_TEST}`, `u:${APR1_TEST}`, `u:${BCRYPT_UU}`])("is the same for unknown users: %s", async (line) => {
    const known = await compared([line], "u:wrong");
    expect(known).toHaveLength(1);
    for (const credentials of ["nobody:wrong", ":", "u2:test", `${"x".repeat(300)}:wrong`]) {
      expect(await compared([line], credentials)).toEqual(known);
    }
  });

  it("is the same for an unknown user each time, and an unknown user with a known password stays out", async () => {
    const first = await compared(users, "nobody:1");
    for (let i = 2; i < 6; i++) expect(await compared(users, `nobody:${i}`)).toEqual(first);
    expect((await guard(options([`u:${SHA_TEST}`]))(basic("nobody:test"))).status).toBe(401);
  });

  it("is spared when the verdict is known, also when the table changes", async () => {
    const runtime = testRuntime();
    const ask = guard(options(users), runtime);
    work.compared.length = 0;
    for (let i = 0; i < 3; i++) {
      expect((await ask(basic("bc:U*U"))).status).toBe(200);
      expect((await ask(basic("bc:wrong"))).status).toBe(401);
    }
    expect((await guard(options([...users, `more:${SHA_TEST}`]), runtime)(basic("bc:U*U"))).status).toBe(200);
    expect(work.compared).toHaveLength(2);
  });

  it("a changed password ends the old verdict", async () => {
    const runtime = testRuntime();
    expect((await guard(options([`u:${SHA_TEST}`]), runtime)(basic("u:test"))).status).toBe(200);
    expect((await guard(options([`u:${BCRYPT_UU}`]), runtime)(basic("u:test"))).status).toBe(401);
  });
});

describe("the memory of verdicts", () => {
  const key = () => new Uint8Array(32);

  it("is bounded, and refused ones push no good one out", async () => {
    const cache = createVerdictCache({ key, maxEntries: 2 });
    let judged = 0;
    const check = (text: string, verdict: boolean) =>
      cache.check([text], async () => {
        judged += 1;
        return verdict;
      });
    await check("good", true);
    for (let i = 0; i < 10; i++) await check(`bad${i}`, false);
    expect([await check("good", true), judged]).toEqual([true, 11]);
    await check("bad0", false);
    expect(judged).toBe(12);
  });

  it("does not take parts for one another", async () => {
    const cache = createVerdictCache({ key });
    await cache.check(["a", "bc"], async () => true);
    expect(await cache.check(["ab", "c"], async () => false)).toBe(false);
  });
});
