import type { RuleSyntax } from "../../../src/rule/parse-rule.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { chooseEntryPoints } from "../choose-entry-points.ts";
import type { ProblemCode } from "../problem-codes.ts";
import type { Report } from "../read-object.ts";
import type { Context } from "../traefik/context.ts";
import { findByName } from "../traefik/find-by-name.ts";
import { useNamedMiddlewares } from "../traefik/use-middlewares.ts";
import {
  type Annotation,
  annotationsOf,
  booleanOf,
  integerOf,
  listOf,
  reportUnknown,
  reportValue,
} from "./read-annotations.ts";
import { isServiceAnnotation } from "./service-annotations.ts";

/** What an Ingress's annotations say about its routers. */
export interface RouterOptions {
  entryPoints: string[];
  middlewares: string[];
  /** Set when one of the guards that the annotations ask for cannot be had. */
  closedBy?: ProblemCode;
  priority?: number;
  /** The matcher of paths whose type leaves it to the controller. */
  pathMatcher: string;
  pathMatcherAt?: Annotation;
  syntax: RuleSyntax;
  tls?: boolean;
  passHostHeader?: boolean;
  accessLogs?: boolean;
}

const ACCESS_LOGS = "router.observability.accesslogs";

export const routerAnnotations = [
  "router.entrypoints",
  "router.middlewares",
  "router.priority",
  "router.pathmatcher",
  "router.rulesyntax",
  "router.tls",
  "router.tls.options",
  "router.tls.certresolver",
  "router.tls.domains.n.main",
  "router.tls.domains.n.sans",
  ACCESS_LOGS,
  "router.observability.metrics",
  "router.observability.tracing",
  "router.observability.traceverbosity",
  "preserve-host",
];

/** Reads the annotations of https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/ */
export function readRouterOptions(object: KubernetesObject, report: Report, context: Context): RouterOptions {
  const annotations = annotationsOf(object);
  const guards = reportOldGuards(annotations, report);
  reportUnknown(annotations, routerAnnotations, "an Ingress", placeOf, report);
  const entryPoints = annotations.get("router.entrypoints");
  const middlewares = annotations.get("router.middlewares");
  const used = useNamedMiddlewares(
    listOf(middlewares),
    { namespace: object.metadata.namespace ?? "", path: middlewares?.path ?? [], report },
    context,
  );
  const priority = integerOf(annotations.get("router.priority"), report);
  const tls = booleanOf(annotations.get("router.tls"), report);
  const tlsIsAsked = [...annotations.keys()].some((name) => name.startsWith("router.tls."));
  const passHostHeader = booleanOf(annotations.get("preserve-host"), report);
  const accessLogs = booleanOf(annotations.get(ACCESS_LOGS), report);
  const pathMatcher = annotations.get("router.pathmatcher");
  const options = annotations.get("router.tls.options");
  const closedBy = guards ?? used.closedBy ?? checkTlsOptions(options, object, report, context);
  reportIneffective(annotations, report);
  return {
    entryPoints: chooseEntryPoints(listOf(entryPoints), [], context.settings, (problem) =>
      report({ ...problem, path: entryPoints?.path ?? [] }),
    ),
    middlewares: used.names,
    ...(closedBy === undefined ? {} : { closedBy }),
    ...(priority ? { priority } : {}),
    pathMatcher: pathMatcher?.value || "PathPrefix",
    ...(pathMatcher === undefined ? {} : { pathMatcherAt: pathMatcher }),
    syntax: readSyntax(annotations.get("router.rulesyntax"), report),
    ...(tls !== undefined || tlsIsAsked ? { tls: tls ?? true } : {}),
    ...(passHostHeader === undefined ? {} : { passHostHeader }),
    ...(accessLogs === undefined ? {} : { accessLogs }),
  };
}

function readSyntax(annotation: Annotation | undefined, report: Report): RuleSyntax {
  const value = annotation?.value.toLowerCase() ?? "";
  if (annotation !== undefined && !["", "v2", "v3"].includes(value)) reportValue(annotation, "v3 or v2", report);
  return value === "v2" ? "v2" : "v3";
}

/** Annotations of Traefik 1 that kept people out. No later version has them: to ignore them would let people in. */
const OLD_GUARD = /^(?:auth-|whitelist-)/;

function reportOldGuards(annotations: Map<string, Annotation>, report: Report): ProblemCode | undefined {
  let closedBy: ProblemCode | undefined;
  for (const { name, path } of [...annotations.values()].filter((one) => OLD_GUARD.test(one.name))) {
    closedBy = "unsupported-field";
    annotations.delete(name);
    report({
      code: "unsupported-field",
      severity: "error",
      path,
      message: `\`${name}\` is Traefik 1's; the Ingress is closed, since nothing would guard it`,
      hint: "Make a Middleware (`basicAuth`, `forwardAuth`, `ipAllowList`) and name it in `router.middlewares`",
    });
  }
  return closedBy;
}

/** Where today stands what Traefik 1 had as annotations. */
const successors: Readonly<Record<string, string>> = {
  "frontend-entry-points": "it is `router.entrypoints` now",
  "rule-type": "it is `router.pathmatcher` now",
  priority: "it is `router.priority` now",
  "redirect-entry-point": "make a Middleware (`redirectScheme`) and name it in `router.middlewares`",
  "redirect-regex": "make a Middleware (`redirectRegex`) and name it in `router.middlewares`",
  "redirect-replacement": "make a Middleware (`redirectRegex`) and name it in `router.middlewares`",
  "rewrite-target": "make a Middleware (`replacePathRegex`) and name it in `router.middlewares`",
  "app-root": "make a Middleware (`redirectRegex`) and name it in `router.middlewares`",
  "request-modifier": "make a Middleware and name it in `router.middlewares`",
  "service-weights": "make a TraefikService (`weighted`) and an IngressRoute that refers to it",
  "rate-limit": "make a Middleware (`rateLimit`) and name it in `router.middlewares`",
  protocol: "it is `service.serversscheme` on the Service now",
  affinity: "it is `service.sticky.cookie` on the Service now",
  "session-cookie-name": "it is `service.sticky.cookie.name` on the Service now",
};

const placeOf = (name: string): string | undefined =>
  isServiceAnnotation(name)
    ? "it belongs to the Service that the Ingress names"
    : Object.hasOwn(successors, name)
      ? successors[name]
      : undefined;

function reportIneffective(annotations: ReadonlyMap<string, Annotation>, report: Report): void {
  for (const { name, path } of annotations.values()) {
    const isCertificate = name === "router.tls.certresolver" || name.startsWith("router.tls.domains.");
    const isUnused = name.startsWith("router.observability.") && name !== ACCESS_LOGS;
    if (!isCertificate && !isUnused) continue;
    const message = isCertificate ? "certificates come from Cloudflare" : "it is not set by route yet";
    report({ code: "unsupported-field", severity: "notice", path, message: `\`${name}\` has no effect: ${message}` });
  }
}

/** TLS options that demand a client's certificate are a guard: without them the Ingress is closed. */
function checkTlsOptions(
  annotation: Annotation | undefined,
  { metadata: { namespace = "" } }: KubernetesObject,
  report: Report,
  context: Context,
): ProblemCode | undefined {
  if (annotation === undefined) return undefined;
  const name = annotation.value.replace(/@kubernetescrd$/, "");
  const spec = findByName("TLSOption", name, context.objects, namespace)?.spec;
  const isGuard = typeof spec === "object" && spec !== null && Object.hasOwn(spec, "clientAuth");
  report({
    code: "unsupported-field",
    severity: isGuard ? "error" : "warning",
    path: annotation.path,
    message: isGuard
      ? `The TLSOption \`${name}\` demands client certificates, which is not supported yet; the Ingress is closed`
      : `The TLSOption \`${name}\` has no effect: TLS ends at Cloudflare's edge`,
    hint: "Set minimum version, ciphers and client certificates in the zone's settings",
  });
  return isGuard ? "unsupported-field" : undefined;
}
