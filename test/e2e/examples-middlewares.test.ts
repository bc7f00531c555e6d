import { describe, expect, it } from "vitest";
import { runExample } from "./run-example.ts";
import { type Answer, servedBy, whoamiLine } from "./send.ts";

/** The target that reached the service. */
const targetOf = ({ body }: Answer): string | undefined => /^GET (\S+) HTTP/m.exec(body)?.[1];

it("add-prefix: the service sees the longer path", async () => {
  const { ask } = await runExample("add-prefix");
  expect(targetOf(await ask("add-prefix.example.com", "/users?page=2"))).toBe("/v2/users?page=2");
});

it("strip-prefix: a prefix goes by its text or by a pattern, and comes as a header", async () => {
  const { ask } = await runExample("strip-prefix");
  const cases = [
    { path: "/api/users", service: "api", target: "/users", prefix: "/api" },
    { path: "/api", service: "api", target: "/", prefix: "/api" },
    { path: "/tenants/acme/cart", service: "shop", target: "/cart", prefix: "/tenants/acme" },
    { path: "/tenants/", service: "shop", target: "/tenants/", prefix: undefined },
  ];
  for (const { path, service, target, prefix } of cases) {
    const answer = await ask("strip-prefix.example.com", path);
    expect(servedBy(answer, ["api", "shop"])).toBe(service);
    expect(targetOf(answer)).toBe(target);
    expect(whoamiLine(answer.body, "X-Forwarded-Prefix")).toBe(prefix);
  }
});

it("replace-path: a path is replaced whole or by a pattern, and comes as a header", async () => {
  const { ask } = await runExample("replace-path");
  const health = await ask("replace-path.example.com", "/health");
  expect(targetOf(health)).toBe("/internal/healthz");
  expect(whoamiLine(health.body, "X-Replaced-Path")).toBe("/health");
  const page = await ask("replace-path.example.com", "/old/a/page");
  expect(targetOf(page)).toBe("/new/a/page");
  expect(whoamiLine(page.body, "X-Replaced-Path")).toBe("/old/a/page");
});

describe("redirect", () => {
  it("sends plain HTTP to HTTPS, and www to the bare host", async () => {
    const { ask } = await runExample("redirect");
    const plain = await ask("redirect.example.com", "/cart?a=1");
    expect(plain.status).toBe(301);
    expect(plain.headers.location).toBe("https://redirect.example.com:8788/cart?a=1");
    const posted = await ask("redirect.example.com", "/cart", { method: "POST", body: "x" });
    expect(posted.status).toBe(308);
    const www = await ask("www.redirect.example.com", "/cart");
    expect(www.status).toBe(302);
    expect(www.headers.location).toBe("http://redirect.example.com/cart");
  });
});

it("headers: of the request, of the answer, and guards for browsers", async () => {
  const { ask } = await runExample("headers");
  const answer = await ask("headers.example.com", "/", { headers: { "X-Debug": "1", "X-Tenant": "forged" } });
  expect(whoamiLine(answer.body, "X-Tenant")).toBe("acme");
  expect(whoamiLine(answer.body, "X-Debug")).toBeUndefined();
  expect(answer.headers).toMatchObject({
    "x-served-by": "sluice",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'self'",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
  });
  expect(answer.headers["content-type"]).toBeUndefined();
});

describe("cors", () => {
  it("answers preflights itself, and tells allowed origins so", async () => {
    const { ask } = await runExample("cors");
    const preflight = (origin: string) =>
      ask("cors.example.com", "/", {
        method: "OPTIONS",
        headers: { Origin: origin, "Access-Control-Request-Method": "PUT" },
      });
    const allowed = await preflight("https://app.example.com");
    expect(allowed.status).toBe(200);
    expect(allowed.body).toBe("");
    expect(allowed.headers).toMatchObject({
      "access-control-allow-origin": "https://app.example.com",
      "access-control-allow-methods": "GET,PUT",
      "access-control-max-age": "600",
    });
    const refused = await preflight("https://evil.example.com");
    expect(refused.headers["access-control-allow-origin"]).toBeUndefined();

    const read = await ask("cors.example.com", "/", { headers: { Origin: "https://pr-12.preview.example.com" } });
    expect(servedBy(read, ["api"])).toBe("api");
    expect(read.headers).toMatchObject({
      "access-control-allow-origin": "https://pr-12.preview.example.com",
      "access-control-expose-headers": "X-Total-Count",
      vary: "Origin",
    });
  });
});

it("chain: both hosts get what it names", async () => {
  const { ask } = await runExample("chain");
  for (const service of ["orders", "stock"]) {
    const answer = await ask(`${service}.chain.example.com`, "/api/list");
    expect(servedBy(answer, ["orders", "stock"])).toBe(service);
    expect(targetOf(answer)).toBe("/list");
    expect(whoamiLine(answer.body, "X-Audience")).toBe("public");
  }
});

it("compress: the route is served, and a notice says that Cloudflare compresses", async () => {
  const { ask, dev } = await runExample("compress");
  const { status, headers } = await ask("compress.example.com", "/", { headers: { "accept-encoding": "gzip" } });
  expect([status, headers["content-encoding"]]).toEqual([200, undefined]);
  expect(dev.problems().map(({ code, severity }) => [code, severity])).toEqual([["middleware-by-platform", "notice"]]);
});
