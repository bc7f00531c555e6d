import { join } from "node:path";
import { expect, test } from "vitest";
import { readFolder } from "../../../sync-agent/source/folder-source.ts";
import { createObjectStore } from "../../../sync-agent/source/memory-store.ts";
import { defaultSettings } from "../../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../../sync-agent/translate/translate.ts";
import { objectsOf, services } from "../translate-text.ts";

const folder = join(import.meta.dirname, "../../fixtures/articles/003-gateway-api");
const backends = services("sample-service", "api-service", "web-service", "app-api-service", "app-frontend-service");

test("003: a Gateway without its class, matches with hostnames, and the rest works", async () => {
  const { objects, locate } = await readFolder(folder);
  const store = createObjectStore([...objects, ...objectsOf(backends)]);
  const { table, problems } = createTranslator(defaultSettings()).translate(store);
  const lines = problems
    .filter(({ code }) => code !== "service-no-endpoints")
    .map(({ code, object, path }) => {
      const place = locate(object, path, { key: code === "misplaced-field" });
      return `${place?.file}:${place?.line} ${code}`;
    });
  expect(lines).toEqual([
    "gateway.yaml:7 gateway-class-not-found",
    "routes.yaml:60 misplaced-field",
    "routes.yaml:70 misplaced-field",
    "routes.yaml:33 misplaced-field",
    "routes.yaml:40 misplaced-field",
  ]);
  const routes = table.routers
    .toSorted((a, b) => b.priority - a.priority || (a.tieBreaker < b.tieBreaker ? -1 : 1))
    .map(
      ({ entryPoints, ruleText, service }) => `${entryPoints} ${ruleText} ${service.replace(/^default-|-80@.*$/g, "")}`,
    );
  expect(routes).toEqual([
    "web Host(`app.example.com`) && PathPrefix(`/api`) app-api-service",
    "web Host(`app.example.com`) && PathPrefix(`/`) app-frontend-service",
    "web Host(`api.example.com`) && PathPrefix(`/`) api-service",
    "web Host(`web.example.com`) && PathPrefix(`/`) api-service",
    "web Host(`api.example.com`) && PathPrefix(`/`) web-service",
    "web Host(`web.example.com`) && PathPrefix(`/`) web-service",
    "web PathPrefix(`/sample`) sample-service",
  ]);
});
