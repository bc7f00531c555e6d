import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { examples, runExample } from "./run-example.ts";
import { whoamiLine } from "./send.ts";

it("ip-allow-list: only some addresses pass, and X-Forwarded-For counts where it is trusted", async () => {
  const { ask, dev } = await runExample("ip-allow-list/manifests", {
    config: `${examples}/ip-allow-list/traefik.yaml`,
  });
  expect(dev.problems()).toEqual([]);
  const status = async (host: string, forwardedFor?: string): Promise<number> => {
    const headers = forwardedFor === undefined ? {} : { "X-Forwarded-For": forwardedFor };
    return (await ask(`${host}.example.com`, "/", { headers })).status;
  };
  expect(await status("office")).toBe(200);
  expect(await status("elsewhere")).toBe(404);
  expect(await status("elsewhere", "198.51.100.1")).toBe(404);
  expect(await status("behind-proxy", "203.0.113.7")).toBe(200);
  expect(await status("behind-proxy", "203.0.113.7, 198.51.100.1")).toBe(403);
  expect(await status("behind-proxy")).toBe(403);
});

it("ip-allow-list: without trusted proxies X-Forwarded-For opens nothing", async () => {
  const { ask } = await runExample("ip-allow-list/manifests");
  const forged = { headers: { "X-Forwarded-For": "203.0.113.7" } };
  expect((await ask("behind-proxy.example.com", "/", forged)).status).toBe(403);
});

const basic = (credentials: string) => ({
  headers: { Authorization: `Basic ${Buffer.from(credentials).toString("base64")}`, "X-User": "forged" },
});

it("auth: passwords of htpasswd and of a Secret of Kubernetes' own type", async () => {
  const { ask, dev } = await runExample("auth");
  expect(dev.problems().filter(({ severity }) => severity !== "notice")).toEqual([]);
  const refused = await ask("basic.auth.example.com", "/", { headers: { "X-User": "forged" } });
  expect([refused.status, refused.headers["www-authenticate"], refused.body]).toEqual([
    401,
    'Basic realm="Example"',
    "401 Unauthorized",
  ]);
  for (const user of ["alice", "bob"]) {
    for (let time = 0; time < 2; time++) {
      const { status, body } = await ask("basic.auth.example.com", "/", basic(`${user}:secret`));
      expect([status, whoamiLine(body, "X-User"), whoamiLine(body, "Authorization")]).toEqual([200, user, undefined]);
    }
    expect((await ask("basic.auth.example.com", "/", basic(`${user}:wrong`))).status).toBe(401);
  }
  expect((await ask("basic.auth.example.com", "/", basic("carol:secret"))).status).toBe(401);
  expect((await ask("plain.auth.example.com", "/", basic("carol:secret"))).status).toBe(200);
  expect((await ask("plain.auth.example.com", "/", basic("carol:Secret"))).status).toBe(401);
  expect(JSON.stringify(dev.table())).not.toMatch(/secret"|\$2y|\$apr1|pbkdf2/);
});

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

it("auth: digest, for the target that was asked for", async () => {
  const { ask } = await runExample("auth");
  const host = "digest.auth.example.com";
  const challenge = (await ask(host, "/")).headers["www-authenticate"] ?? "";
  const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1] ?? "";
  const send = async (path: string, uri: string, password = "secret") => {
    const response = md5(`${md5(`dave:Example:${password}`)}:${nonce}:00000001:c:auth:${md5(`GET:${uri}`)}`);
    const Authorization = `Digest username="dave", realm="Example", nonce="${nonce}", uri="${uri}", qop=auth, nc=00000001, cnonce="c", response="${response}"`;
    return ask(host, path, { headers: { Authorization, "X-User": "forged" } });
  };
  const { status, body } = await send("/a/../%7eb?x=%2F", "/a/../%7eb?x=%2F");
  expect([status, whoamiLine(body, "X-User")]).toEqual([200, "dave"]);
  expect((await send("/b", "/a")).status).toBe(401);
  expect((await send("/", "/", "wrong")).status).toBe(401);
});

it("content-type: what the service does not say is told by the answer's first bytes", async () => {
  const { ask } = await runExample("content-type");
  const typed = await ask("typed.example.com");
  expect([typed.status, typed.headers["content-type"], whoamiLine(typed.body, "Host")]).toEqual([
    200,
    "text/plain; charset=utf-8",
    "typed.example.com",
  ]);
  expect((await ask("untyped.example.com")).headers["content-type"]).toBeUndefined();
});
