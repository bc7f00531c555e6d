import { expect, it } from "vitest";
import { findEntryPoint } from "../../src/edge/find-entry-point.ts";

const byPort = { web: { port: 80 }, websecure: { port: 443 }, admin: { port: 8080 } };
const chart = { web: { port: 8000 }, websecure: { port: 8443 } };

it.each([
  ["http", 80, byPort, undefined, "web"],
  ["https", 443, byPort, undefined, "websecure"],
  ["http", 8080, byPort, undefined, "admin"],
  ["http", 9999, byPort, undefined, undefined],
  ["http", 9000, { internal: { port: 9000 } }, undefined, undefined],
  ["https", 8080, byPort, undefined, undefined],
  ["http", 443, byPort, undefined, undefined],
  ["http", 9000, { internal: { port: 9000 } }, { "http:9000": "internal" }, "internal"],
  ["http", 8080, { traefik: { port: 8080 } }, undefined, undefined],
  ["http", 8080, { traefik: { port: 8080 }, other: { port: 8080 } }, undefined, "other"],
  ["http", 8080, { traefik: { port: 8080 } }, { "http:8080": "traefik" }, "traefik"],
  ["http", 80, chart, undefined, "web"],
  ["https", 443, chart, undefined, "websecure"],
  ["https", 2053, chart, { "https:2053": "websecure" }, "websecure"],
  ["http", 80, { other: { port: 1 } }, undefined, undefined],
] as const)("%s on %i among %j with map %j is %s", (scheme, port, entryPoints, map, name) => {
  expect(findEntryPoint(scheme, port, entryPoints, map)).toBe(name);
});
