import { describe, expect, test } from "vitest";
import type { Service, StickyCookie } from "../../../src/table/service.ts";
import { linesOf, services, translateText } from "../translate-text.ts";
import { app, gateway, route, toApp } from "./gateway-text.ts";

const rule = (session: string, more = toApp): string => `{ sessionPersistence: ${session}, ${more} }`;

function translate(session: string, kind: "HTTPRoute" | "GRPCRoute" = "HTTPRoute", more = toApp) {
  const result = translateText(gateway() + route([rule(session, more)], { kind }) + app + services("b"));
  const { routers, services: all } = result.table;
  const service: Service | undefined = all[routers[0]?.service ?? ""];
  return { service, all, lines: linesOf(result) };
}
const stickyOf = (service: Service | undefined): StickyCookie | undefined =>
  service !== undefined && "sticky" in service ? service.sticky : undefined;

const HOUR = 3_600_000;
const inCookie = { name: "s", path: "/", secure: false, httpOnly: true, maxAge: 0 };
const inHeader = { name: "x-s", path: "/", secure: false, httpOnly: false, maxAge: 0, inHeader: true };
const permanent = "cookieConfig: { lifetimeType: Permanent }";

describe.each(["HTTPRoute", "GRPCRoute"] as const)("of a %s", (kind) => {
  test.each([
    ["{ sessionName: s }", inCookie],
    ["{ sessionName: s, idleTimeout: 10m }", { ...inCookie, idleTimeoutMs: 600_000 }],
    ["{ sessionName: s, absoluteTimeout: 1h }", { ...inCookie, absoluteTimeoutMs: HOUR }],
    ["{ sessionName: s, absoluteTimeout: 0s, idleTimeout: 0s }", inCookie],
    [`{ sessionName: s, absoluteTimeout: 1h, ${permanent} }`, { ...inCookie, maxAge: 3600, absoluteTimeoutMs: HOUR }],
    [
      `{ sessionName: s, absoluteTimeout: 1h, idleTimeout: 1m, ${permanent} }`,
      { ...inCookie, maxAge: 3600, absoluteTimeoutMs: HOUR, idleTimeoutMs: 60_000 },
    ],
    ["{ sessionName: X-S, type: Header }", inHeader],
    ["{ sessionName: X-S, type: Header, idleTimeout: 1m }", { ...inHeader, idleTimeoutMs: 60_000 }],
  ])("%s", (session, sticky) => {
    const { service, lines } = translate(session, kind);
    expect(lines).toEqual([]);
    expect(service?.type).toBe("loadBalancer");
    expect(stickyOf(service)).toEqual(sticky);
  });
});

test.each([
  ["{}", /^_[0-9a-f]{5}$/],
  ["{ type: Header }", /^x-session_[0-9a-f]{5}$/],
])("%s has a name of the rule's own", (session, name) => {
  expect(stickyOf(translate(session).service)?.name).toMatch(name);
});

test.each([
  [`{ sessionName: s, ${permanent} }`, "absoluteTimeout", inCookie],
  [`{ sessionName: s, absoluteTimeout: 1d, ${permanent} }`, "absoluteTimeout", inCookie],
  ["{ sessionName: s, idleTimeout: soon }", "idleTimeout", inCookie],
  ["{ sessionName: Host, type: Header }", "sessionName", undefined],
  ["{ sessionName: Cookie, type: Header }", "sessionName", undefined],
  ["{ sessionName: Sluice-Hop, type: Header }", "sessionName", undefined],
  ['{ sessionName: "a b", type: Header }', "sessionName", undefined],
])("%s is told of", (session, field, sticky) => {
  const { service, lines } = translate(session);
  expect(new Set(lines)).toEqual(
    new Set([`warning invalid-field HTTPRoute/app spec.rules.0.sessionPersistence.${field}`]),
  );
  expect(stickyOf(service)).toEqual(sticky);
});

test.each(["{ sessionName: s, idleTimeout: 1m }", "{ sessionName: s, idleTimeout: 1m, type: Header }"])(
  "of several backends keeps backend and Pod: %s",
  (session) => {
    const two = "backendRefs: [{ name: app, port: 80 }, { name: b, port: 80, weight: 0 }]";
    const { service, all } = translate(session, "HTTPRoute", two);
    expect(service).toMatchObject({ type: "weighted", sticky: { name: "s", idleTimeoutMs: 60_000 } });
    const children = service?.type === "weighted" ? service.children : [];
    expect(children).toHaveLength(2);
    for (const child of children) {
      expect(child.cookieValue).toMatch(/^[0-9a-f]{16}$/);
      expect(all[child.service]).toMatchObject({ sticky: { name: "s-pod", idleTimeoutMs: 60_000 } });
    }
  },
);

test("a cookie is for the path that the requests are below", () => {
  const pathOf = (path: string): string | undefined =>
    stickyOf(translate("{ sessionName: s }", "HTTPRoute", `matches: [{ path: ${path} }], ${toApp}`).service)?.path;
  expect(pathOf("{ value: /shop }")).toBe("/shop");
  expect(pathOf("{ value: / }")).toBe("/");
  expect(pathOf("{ type: Exact, value: /shop }")).toBe("/");
  expect(pathOf('{ value: "/a;b" }')).toBe("/");
});
