import { expect, test } from "vitest";
import { linesOf, services, translateText } from "../translate-text.ts";
import { app, gateway, route, toApp } from "./gateway-text.ts";

const translate = (auth: string, more = "") =>
  translateText(
    gateway() +
      route([`{ filters: [{ type: ExternalAuth, externalAuth: { ${auth} } }], ${toApp} }`]) +
      app +
      services("auth") +
      more,
  );
const AT = "HTTPRoute/app spec.rules.0.filters.0.externalAuth";
const backendRef = "backendRef: { name: auth, port: 80 }";

test("a server over HTTP becomes a middleware that asks its service", () => {
  const result = translate(
    `protocol: HTTP, ${backendRef}, http: { path: /check/, allowedHeaders: [Cookie], allowedResponseHeaders: [X-User] }, forwardBody: { maxSize: 1024 }`,
  );
  expect(linesOf(result)).toEqual([]);
  const [router] = result.table.routers;
  expect(router?.middlewares.map((name) => result.table.middlewares[name])).toEqual([
    {
      type: "externalAuth",
      service: "default-auth-80@kubernetesgateway",
      path: "/check",
      allowedHeaders: ["Cookie"],
      allowedResponseHeaders: ["X-User"],
      maxBodySize: 1024,
    },
  ]);
  expect(result.table.services["default-auth-80@kubernetesgateway"]).toMatchObject({
    endpoints: "default-auth-80",
    transport: "gateway",
  });
});

test("what is left out is nothing", () => {
  const { table } = translate(`protocol: HTTP, ${backendRef}`);
  const name = table.routers[0]?.middlewares[0] ?? "";
  expect(table.middlewares[name]).toMatchObject({
    path: "",
    allowedHeaders: [],
    allowedResponseHeaders: [],
    maxBodySize: 0,
  });
});

test("a filter of a backend guards that backend", () => {
  const filters = `filters: [{ type: ExternalAuth, externalAuth: { protocol: HTTP, ${backendRef} } }]`;
  const result = translateText(
    gateway() + route([`{ backendRefs: [{ name: app, port: 80, ${filters} }] }`]) + app + services("auth"),
  );
  expect(linesOf(result)).toEqual([]);
  const service = result.table.services[result.table.routers[0]?.service ?? ""];
  expect(
    service?.type === "filtered" && service.middlewares.map((name) => result.table.middlewares[name]?.type),
  ).toEqual(["externalAuth"]);
});

test.each([
  ["gRPC", `protocol: GRPC, ${backendRef}`, `error filter-unsupported ${AT}.protocol`],
  ["no protocol", backendRef, `error invalid-field ${AT}.protocol`],
  ["no server", "protocol: HTTP", `error invalid-field ${AT}.backendRef`],
  [
    "a server that is not",
    "protocol: HTTP, backendRef: { name: gone, port: 80 }",
    `error service-not-found ${AT}.backendRef`,
  ],
  [
    "a server that others have",
    "protocol: HTTP, backendRef: { name: auth, namespace: other, port: 80 }",
    `error reference-not-permitted ${AT}.backendRef.namespace`,
  ],
  ["no path", `protocol: HTTP, ${backendRef}, http: { path: check }`, `error invalid-field ${AT}.http.path`],
  ["a way out", `protocol: HTTP, ${backendRef}, http: { path: /a/../b }`, `error invalid-field ${AT}.http.path`],
  [
    "a way out at its end",
    `protocol: HTTP, ${backendRef}, http: { path: /a/.. }`,
    `error invalid-field ${AT}.http.path`,
  ],
  [
    "a hidden way out",
    `protocol: HTTP, ${backendRef}, http: { path: /a/%2E%2e/b }`,
    `error invalid-field ${AT}.http.path`,
  ],
  ["a host", `protocol: HTTP, ${backendRef}, http: { path: //evil }`, `error invalid-field ${AT}.http.path`],
  ["a query", `protocol: HTTP, ${backendRef}, http: { path: '/a?b' }`, `error invalid-field ${AT}.http.path`],
  [
    "a header that is none",
    `protocol: HTTP, ${backendRef}, http: { allowedResponseHeaders: ['a b'] }`,
    `error invalid-field ${AT}.http.allowedResponseHeaders.0`,
  ],
  [
    "a size below 0",
    `protocol: HTTP, ${backendRef}, forwardBody: { maxSize: -1 }`,
    `error invalid-field ${AT}.forwardBody.maxSize`,
  ],
])("%s: the rule answers 500", (_, auth, line) => {
  const result = translate(auth);
  expect(linesOf(result)).toContain(line);
  expect(result.table.routers).toMatchObject([{ service: "invalid-backend@internal", middlewares: [] }]);
});

test("what has no effect is said, and served", () => {
  const result = translate(`protocol: HTTP, ${backendRef}, grpc: { allowedHeaders: [Cookie] }`);
  expect(linesOf(result)).toEqual([`warning unsupported-field ${AT}.grpc`]);
  expect(result.table.routers[0]?.middlewares).toHaveLength(1);
});
