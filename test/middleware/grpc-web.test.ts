import { describe, expect, it } from "vitest";
import type { Middleware } from "../../src/table/middleware.ts";
import { run } from "./run-middleware.ts";

const options: Middleware = { type: "grpcWeb", allowOrigins: ["https://app.example.com"] };
const anybody: Middleware = { type: "grpcWeb", allowOrigins: ["*"] };
const call = (origin?: string) => ({
  method: "POST",
  headers: { "Content-Type": "application/grpc-web+proto", ...(origin !== undefined && { Origin: origin }) },
  body: "x",
});
const preflight = (origin: string, asked = "content-type,x-grpc-web", method = "POST") => ({
  method: "OPTIONS",
  headers: {
    Origin: origin,
    "Access-Control-Request-Method": method,
    "Access-Control-Request-Headers": asked,
  },
});
const cors = (headers: Headers): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-")));

describe("grpcWeb", () => {
  it("answers the preflights of pages that may call", async () => {
    const { origin, response } = await run(options, preflight("https://app.example.com"));
    expect([origin, response.status, await response.text()]).toEqual([undefined, 204, ""]);
    expect(cors(response.headers)).toEqual({
      "access-control-allow-origin": "https://app.example.com",
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "content-type,x-grpc-web",
      "access-control-max-age": "600",
    });
    expect(response.headers.get("vary")).toContain("Origin");
  });

  it.each([
    ["another origin", preflight("https://evil.example.com")],
    ["another method", preflight("https://app.example.com", "x-grpc-web", "PUT")],
    ["a star for an origin", preflight("*")],
  ])("allows %s nothing", async (_, sent) => {
    const { origin, response } = await run(options, sent);
    expect([origin, response.status, cors(response.headers)]).toEqual([undefined, 204, {}]);
  });

  it("passes other preflights on", async () => {
    const { origin } = await run(options, preflight("https://app.example.com", "content-type"));
    expect(origin).toBeDefined();
  });

  it("shows a page that may call all headers of the answer", async () => {
    const answer = () => new Response("a", { headers: { "Grpc-Status": "0", "Set-Cookie": "a=1", Vary: "Accept" } });
    const { response } = await run(options, call("https://app.example.com"), answer);
    expect(cors(response.headers)).toEqual({
      "access-control-allow-origin": "https://app.example.com",
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "content-type, grpc-status, vary",
    });
    expect(response.headers.get("vary")).toBe("Accept, Origin");
  });

  it("lets any page call where any may, but not with its visitors' cookies", async () => {
    const { response } = await run(anybody, call("https://evil.example.com"));
    const headers = cors(response.headers);
    expect([headers["access-control-allow-origin"], headers["access-control-allow-credentials"]]).toEqual([
      "*",
      undefined,
    ]);
  });

  it.each([
    ["a page of another origin", options, call("https://evil.example.com")],
    ["what is no page", anybody, call()],
    ["what is no call", anybody, { headers: { Origin: "https://app.example.com" } }],
  ])("tells %s nothing", async (_, middleware, sent) => {
    const { origin, response } = await run(middleware, sent);
    expect([origin !== undefined, cors(response.headers)]).toEqual([true, {}]);
  });
});
