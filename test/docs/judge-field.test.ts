import { describe, expect, it } from "vitest";
import { account } from "../../scripts/docs/compatibility/account.ts";
import { judgeField } from "../../scripts/docs/compatibility/judge-field.ts";
import { createProbe } from "../../scripts/docs/compatibility/probe.ts";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { defaultSettings } from "../../sync-agent/translate/settings.ts";
import { objectsOf, services, traefik } from "../translate/translate-text.ts";

const probe = createProbe(objectsOf(services("web", "other")), defaultSettings());

const [route] = objectsOf(
  traefik("IngressRoute", "probe", "routes: [{ match: Host(`web.example`), services: [{ name: web, port: 80 }] }]"),
);
const base = route as KubernetesObject;
const inRoute = (...path: string[]): string[] => ["spec", "routes", "[]", ...path];
const judge = (path: string[], types: string[], values: unknown[] = []) =>
  judgeField({ path, types, values }, base, probe);

describe("a field is judged by what becomes of it", () => {
  const cases: [string, string[], string[], unknown[], object][] = [
    ["one that changes the table", inRoute("priority"), ["integer"], [], { is: "supported", except: [] }],
    [
      "one within a list",
      inRoute("services", "[]", "passHostHeader"),
      ["boolean"],
      [],
      { is: "supported", except: [] },
    ],
    [
      "one with a single value, which is the default",
      inRoute("kind"),
      ["string"],
      ["Rule"],
      { is: "supported", except: [] },
    ],
    ["one that nothing knows", inRoute("elsewhere"), ["string"], [], { is: "unknown" }],
    ["one of another place", inRoute("entryPoints"), ["string"], [], { is: "unknown" }],
    ["one that nothing comes of", ["metadata", "labels", "any"], ["string"], [], { is: "ignored" }],
    [
      "one that is refused",
      inRoute("services", "[]", "nodePortLB"),
      ["boolean"],
      [],
      { is: "refused", problem: { code: "unsupported-field" } },
    ],
    [
      "one that takes nothing of what was tried",
      inRoute("services", "[]", "weight"),
      ["boolean"],
      [],
      { is: "unproven", problem: { code: "invalid-field" } },
    ],
  ];
  it.each(cases)("%s", (_, path, types, values, verdict) => {
    expect(judge(path, types, values)).toMatchObject(verdict);
  });
});

describe("an account of fields", () => {
  const field = "spec.routes[].kind";

  it("holds what is supported", () => {
    const { fields } = account("IngressRoute", [{ path: field, verdict: { is: "supported", except: [] } }]);
    expect(fields).toEqual([{ path: field, status: "supported", text: "" }]);
  });

  it.each([
    { is: "unknown", complaint: "IngressRoute: spec.routes[].kind is not known" },
    { is: "ignored", complaint: "IngressRoute: spec.routes[].kind has no effect, and nobody is told" },
  ] as const)("complains of what is $is", ({ is, complaint }) => {
    expect(account("IngressRoute", [{ path: field, verdict: { is } }]).complaints).toContain(complaint);
  });

  it("complains of a difference in a field that is not there", () => {
    expect(account("IngressRoute", []).complaints).toContain(
      "IngressRoute has no field spec.routes[].match, of which a difference is told",
    );
  });

  it("complains of fields said to mean nothing that do something", () => {
    const path = "spec.mirroring.weight";
    const { complaints } = account("TraefikService", [{ path, verdict: { is: "supported", except: [] } }]);
    expect(complaints).toContain(`TraefikService: ${path} is said to mean nothing, and does something`);
  });
});
