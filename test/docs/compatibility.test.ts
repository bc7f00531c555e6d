import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type Compatibility, judgeAll } from "../../scripts/docs/compatibility/judge-all.ts";
import { traefikKinds } from "../../scripts/docs/compatibility/traefik-kinds.ts";
import { compatibilityPage } from "../../scripts/docs/compatibility-page.ts";
import { problemCodes } from "../../sync-agent/translate/problem-codes.ts";

let compatibility: Compatibility;

beforeAll(async () => {
  compatibility = await judgeAll();
});

describe("every field is supported, differs or is refused", () => {
  it("of all kinds", () => {
    expect(compatibility.complaints).toEqual([]);
  });

  it("and what is refused has a problem that the page on problems has", () => {
    const known = new Set(Object.keys(problemCodes));
    const codes = compatibility.families
      .flatMap(({ kinds }) => kinds.flatMap(({ fields }) => fields))
      .filter(({ status }) => status === "refused")
      .map(({ text }) => /^\[`([a-z-]+)`\]/.exec(text)?.[1] ?? text);
    expect(codes.filter((code) => !known.has(code))).toEqual([]);
    expect(codes.length).toBeGreaterThan(0);
  });

  it("and the page has each", () => {
    const page = compatibilityPage(compatibility);
    const missing = compatibility.families.flatMap(({ kinds }) =>
      kinds.flatMap(({ kind, fields }) => [
        ...(page.includes(`## ${kind}\n`) ? [] : [kind]),
        ...fields.filter(({ path }) => !page.includes(path.split(/[.]/).at(-1) ?? path)).map(({ path }) => path),
      ]),
    );
    expect(missing).toEqual([]);
  });
});

/** Lists of fields that are not there for users. */
const bookkeeping = new Set(["apiVersion", "kind", "metadata", "spec", "items"]);

describe("the fields that are asked for", () => {
  it("are all that the types of Traefik's kinds name", () => {
    const walked = new Set(traefikKinds.flatMap(({ fields }) => fields.flatMap(({ path }) => path)));
    const names = namesInTypes("@kubernetes-models/traefik", "traefik.io/v1alpha1");
    expect(names.filter((name) => !walked.has(name) && !bookkeeping.has(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(100);
  });

  /** https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/#annotations */
  it.each([
    "router.entrypoints",
    "router.middlewares",
    "router.priority",
    "router.rulesyntax",
    "router.pathmatcher",
    "router.tls",
    "router.tls.certresolver",
    "router.tls.domains.0.main",
    "router.tls.domains.0.sans",
    "router.tls.options",
    "router.observability.accesslogs",
    "router.observability.metrics",
    "router.observability.tracing",
    "service.nativelb",
    "service.nodeportlb",
    "service.passhostheader",
    "service.serversscheme",
    "service.serverstransport",
    "service.sticky.cookie",
    "service.sticky.cookie.name",
    "service.sticky.cookie.secure",
    "service.sticky.cookie.samesite",
    "service.sticky.cookie.domain",
    "service.sticky.cookie.httponly",
    "service.sticky.cookie.maxage",
    "service.sticky.cookie.path",
  ])("have Traefik's annotation %s", (name) => {
    const paths = compatibility.families.flatMap(({ kinds }) => kinds.flatMap(({ fields }) => fields));
    expect(paths.map(({ path }) => path)).toContain(`traefik.ingress.kubernetes.io/${name}`);
  });
});

/** The names of all fields in a package's declarations. */
function namesInTypes(module: string, version: string): string[] {
  const folder = join(dirname(createRequire(import.meta.url).resolve(`${module}/package.json`)), version);
  const declarations = readdirSync(folder).filter((file) => file.endsWith(".d.ts"));
  const texts = declarations.map((file) => readFileSync(join(folder, file), "utf8"));
  return [...new Set(texts.flatMap((text) => [...text.matchAll(/^\s+"(\w+)"\??:/gm)].map(([, name = ""]) => name)))];
}

describe("a problem's paragraph", () => {
  it.each(Object.entries(problemCodes))("%s says what is wrong, and what comes of it or is to be done", (_, text) => {
    expect(text).toMatch(/^[A-Z`].*\.$/);
    expect(text.split(/\.(?:\s|$)/).filter((sentence) => sentence !== "").length).toBeGreaterThanOrEqual(2);
  });
});
