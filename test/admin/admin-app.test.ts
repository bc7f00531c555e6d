import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { type AdminContext, createAdminApp } from "../../src/admin/admin-app.ts";
import { ADMIN_AUDIENCE, createAdminVerifier } from "../../src/admin/verify-admin-token.ts";
import type { Pin } from "../../src/beacon/beacon-state.ts";
import { emptyTable } from "../../src/table/empty-table.ts";

const now = Date.UTC(2026, 0, 1);
const pointer = { publisher: "test", epoch: 1, generation: 7, root: "r" };
let context: AdminContext;
let pin: Pin | null;
let sign: (claims: { scope?: string; audience?: string; expiresIn?: number }) => Promise<string>;
let signWithOtherKey: () => Promise<string>;

beforeAll(async () => {
  const ours = await generateKeyPair("EdDSA", { extractable: true });
  const other = await generateKeyPair("EdDSA");
  const token = ({ scope = "read", audience = ADMIN_AUDIENCE, expiresIn = 60 }) =>
    new SignJWT({ scope })
      .setProtectedHeader({ alg: "EdDSA", kid: "k1" })
      .setAudience(audience)
      .setExpirationTime(new Date(now + expiresIn * 1000));
  sign = (claims) => token(claims).sign(ours.privateKey);
  signWithOtherKey = () => token({}).sign(other.privateKey);
  const keys = { keys: [{ ...(await exportJWK(ours.publicKey)), kid: "k1", alg: "EdDSA" }] };
  context = {
    basePath: "",
    verify: createAdminVerifier(keys, () => now),
    status: async () => ({ pointer }),
    readTable: async () => emptyTable(),
    beacon: {
      async advance(request) {
        if (typeof request !== "object" || request === null) return { outcome: "malformed", reason: "not an object" };
        return "stale" in request
          ? { outcome: "refused", pointer, reason: "stale" }
          : { outcome: "accepted", pointer: { ...pointer, generation: 8 } };
      },
      claim: async (request) =>
        typeof request === "object" && request !== null && "atLeast" in request ? 9 : undefined,
      history: async () => [{ pointer, at: now }],
      pinned: async () => pin,
      async release() {
        pin = null;
      },
    },
  };
});

const call = async (path: string, token?: string, init: RequestInit = {}): Promise<Response> =>
  createAdminApp(context).request(path, {
    ...init,
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
  });

describe("the admin API", () => {
  it("answers ping to anyone", async () => {
    const response: Response = await call("/ping");
    expect([response.status, await response.text()]).toEqual([200, "OK"]);
  });

  it("tells the generation served", async () => {
    const response = await call("/api/generation", await sign({}));
    expect(await response.json()).toEqual({ pointer });
  });

  it("shows the table in the shape of Traefik's rawdata", async () => {
    const response = await call("/api/rawdata", await sign({}));
    expect(await response.json()).toEqual({ routers: {}, middlewares: {}, services: {} });
  });

  it("answers below a path when it has one", async () => {
    const app = createAdminApp({ ...context, basePath: "/.sluice" });
    expect((await app.request("/.sluice/ping")).status).toBe(200);
    expect((await app.request("/ping")).status).toBe(404);
  });

  const refusals: [string, () => Promise<string | undefined>, number][] = [
    ["no token", async () => undefined, 401],
    ["another key", () => signWithOtherKey(), 401],
    ["an expired token", () => sign({ expiresIn: -1 }), 401],
    ["another audience", () => sign({ audience: "other" }), 401],
    ["no scope", () => sign({ scope: "" }), 403],
    ["garbage", async () => "a.b.c", 401],
  ];
  it.each(refusals)("refuses %s", async (_, token, status) => {
    const response = await call("/api/rawdata", await token());
    expect(response.status).toBe(status);
    expect(response.headers.get("WWW-Authenticate")).toMatch(/^Bearer/);
  });

  it.each([
    ["an accepted generation", "publish", "{}", 200],
    ["a refused one", "publish", '{"stale":1}', 409],
    ["a malformed one", "publish", "{", 400],
    ["one without the scope", "read", "{}", 403],
  ])("answers %s", async (_, scope, body, status) => {
    const response = await call("/api/generation", await sign({ scope }), { method: "POST", body });
    expect(response.status).toBe(status);
  });

  it.each([
    ["a claim", "publish", '{"atLeast":3}', 200],
    ["a malformed claim", "publish", "{", 400],
    ["a claim without the scope", "read", '{"atLeast":3}', 403],
  ])("answers %s", async (_, scope, body, status) => {
    const response = await call("/api/epoch", await sign({ scope }), { method: "POST", body });
    expect(response.status).toBe(status);
    if (status === 200) expect(await response.json()).toEqual({ epoch: 9 });
  });

  it("tells the history with what pins the pointer, and lets it go for whoever may publish", async () => {
    pin = { reason: "rollback", at: now };
    const history = [{ pointer, at: now }];
    expect(await (await call("/api/history", await sign({}))).json()).toEqual({ history, pin });
    expect((await call("/api/pin", await sign({}), { method: "DELETE" })).status).toBe(403);
    expect((await call("/api/pin", await sign({ scope: "publish" }), { method: "DELETE" })).status).toBe(200);
    expect(await (await call("/api/history", await sign({}))).json()).toEqual({ history, pin: null });
  });

  it.each([
    ["POST", "/api/generation"],
    ["POST", "/api/epoch"],
    ["DELETE", "/api/pin"],
    ["GET", "/api/history"],
  ])("says so when there is no beacon: %s %s", async (method, path) => {
    const app = createAdminApp({ ...context, beacon: undefined });
    const headers = { Authorization: `Bearer ${await sign({ scope: "read publish" })}` };
    expect((await app.request(path, { method, headers, ...(method === "POST" && { body: "{}" }) })).status).toBe(501);
  });
});
