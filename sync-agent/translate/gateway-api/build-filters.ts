import type { Middleware } from "../../../src/table/middleware.ts";
import type { ClientKey, Mirroring } from "../../../src/table/service.ts";
import { normalizeName, qualify, sha256Hex } from "../names.ts";
import { suggestName } from "../nearest-name.ts";
import type { ProblemCode } from "../problem-codes.ts";
import { readFields } from "../read-object.ts";
import { buildMiddleware, middlewareName } from "../traefik/build-middleware.ts";
import { type Context, type Place, silent, within } from "../traefik/context.ts";
import { corsOptions } from "./cors.ts";
import { type Filter, filterSchema, type PathModifier } from "./filter-schema.ts";
import { readHostname } from "./hostnames.ts";
import { GATEWAY_PROVIDER } from "./put-named.ts";
import type { RouteKind } from "./route-kind.ts";

export interface FilterScope {
  kind: RouteKind;
  /** What the names of middlewares begin with. */
  name: string;
  /** The prefix that ReplacePrefixMatch replaces. */
  prefix: string | undefined;
  /** The listener's port, for redirects. */
  port: number;
  context: Context;
  /** Builds the service of a filter's backendRef; undefined, with the problem reported, when there is none. */
  buildMirror: (backendRef: unknown, place: Place) => string | undefined;
  /** By what clients are told apart that stay with one of several backends. */
  clientKey?: ClientKey;
}

export interface BuiltFilters {
  middlewares: string[];
  mirrors: Mirroring["mirrors"];
  /** Whether every request is answered by a redirect. */
  redirects: boolean;
}

/** A filter that cannot be had: what it stands on must not be served without it. */
export interface FailedFilters {
  /** Set when it is a Middleware that is missing or cannot be built. */
  closedBy?: ProblemCode;
}

type Built = { middleware: Middleware } | { name: string } | { mirror: Mirroring["mirrors"][number] | undefined };

/** Puts the middlewares of a list of filters (of unknown form) into the fragment's table. */
export function buildFilters(
  list: readonly unknown[],
  place: Place,
  scope: FilterScope,
): BuiltFilters | { failed: FailedFilters } {
  const built: BuiltFilters = { middlewares: [], mirrors: [], redirects: false };
  let failed: FailedFilters | undefined;
  for (const [index, element] of list.entries()) {
    const at = within(place, index);
    const filter = readFilter(element, at, scope.kind);
    const result = filter === undefined ? {} : buildFilter(filter, at, scope);
    if ("middleware" in result) {
      const { middleware } = result;
      built.middlewares.push(putMiddleware(middleware, { ...scope, name: `${scope.name}-${index}` }));
      built.redirects ||= middleware.type === "requestRedirect";
    } else if ("name" in result) built.middlewares.push(result.name);
    else if ("mirror" in result) built.mirrors.push(...(result.mirror === undefined ? [] : [result.mirror]));
    else failed = { ...failed, ...result };
  }
  return failed === undefined ? built : { failed };
}

/** Puts a middleware that is a rule's own into the fragment's table, and gives its name there. */
export function putMiddleware(
  middleware: Middleware,
  { name, context }: Pick<FilterScope, "name" | "context">,
): string {
  const hash = sha256Hex(JSON.stringify(middleware)).slice(0, 8);
  const own = qualify(normalizeName(`${name}-${middleware.type}-${hash}`), GATEWAY_PROVIDER);
  context.table.middlewares[own] = middleware;
  return own;
}

function readFilter(element: unknown, place: Place, { kind, filterTypes }: RouteKind): Filter | undefined {
  const type: unknown = typeof element === "object" && element !== null ? Reflect.get(element, "type") : undefined;
  if (typeof type === "string" && !filterTypes.includes(type)) {
    const hint = suggestName(type, filterTypes);
    place.report({
      code: "filter-unsupported",
      severity: "error",
      path: [...place.path, "type"],
      message: `A ${kind} has no filter \`${type.slice(0, 60)}\` yet; requests get 500`,
      ...(hint === undefined ? {} : { hint }),
    });
    return undefined;
  }
  return readFields(filterSchema, element, place.path, place.report, place.misplaced);
}

function buildFilter(filter: Filter, place: Place, scope: FilterScope): Built | FailedFilters {
  switch (filter.type) {
    case "RequestHeaderModifier":
      return { middleware: { type: "headerModifier", on: "request", ...filter.requestHeaderModifier } };
    case "ResponseHeaderModifier":
      return { middleware: { type: "headerModifier", on: "response", ...filter.responseHeaderModifier } };
    case "RequestRedirect":
      return buildRedirect(filter.requestRedirect, within(place, "requestRedirect"), scope);
    case "URLRewrite": {
      const at = within(place, "urlRewrite");
      const shared = readTarget(filter.urlRewrite, at, scope);
      return shared === undefined ? {} : { middleware: { type: "urlRewrite", ...shared } };
    }
    case "RequestMirror": {
      const { backendRef, percent, fraction } = filter.requestMirror;
      const service = scope.buildMirror(backendRef, within(place, "requestMirror", "backendRef"));
      if (service === undefined) return { mirror: undefined };
      const share = percent ?? (fraction === undefined ? 100 : (100 * fraction.numerator) / fraction.denominator);
      return { mirror: { service, percent: Math.min(share, 100) } };
    }
    case "CORS": {
      const middleware = corsOptions(filter.cors);
      if (middleware !== undefined) return { middleware };
      place.report({
        code: "filter-unsupported",
        severity: "error",
        path: [...place.path, "cors"],
        message: "`*` for headers together with `allowCredentials` is not supported yet; requests get 500",
        hint: "List the headers",
      });
      return {};
    }
    case "ExternalAuth":
      return buildExternalAuth(filter.externalAuth, within(place, "externalAuth"), scope);
    case "ExtensionRef":
      return useExtension(filter.extensionRef, within(place, "extensionRef"), scope.context);
  }
}

type ExternalAuth = Extract<Filter, { type: "ExternalAuth" }>["externalAuth"];

function buildExternalAuth(auth: ExternalAuth, place: Place, scope: FilterScope): Built | FailedFilters {
  const { protocol, http, grpc, forwardBody } = auth;
  const { path, report } = place;
  if (protocol === "GRPC") {
    report({
      code: "filter-unsupported",
      severity: "error",
      path: [...path, "protocol"],
      message: "Servers of authorization are not asked by gRPC; requests get 500",
      hint: "Let the server answer over HTTP, and write `protocol: HTTP`",
    });
    return {};
  }
  if (grpc !== undefined) {
    const message = "`grpc` has no effect with `protocol: HTTP`";
    report({ code: "unsupported-field", severity: "warning", path: [...path, "grpc"], message });
  }
  const service = scope.buildMirror(auth.backendRef, within(place, "backendRef"));
  if (service === undefined) return {};
  return {
    middleware: {
      type: "externalAuth",
      service,
      path: http.path.replace(/\/$/, ""),
      allowedHeaders: http.allowedHeaders,
      allowedResponseHeaders: http.allowedResponseHeaders,
      maxBodySize: forwardBody.maxSize,
    },
  };
}

type Redirect = Extract<Filter, { type: "RequestRedirect" }>["requestRedirect"];

/** Without a port of its own a redirect goes to the well-known one of its scheme, or without that to the listener's. */
function buildRedirect(redirect: Redirect, place: Place, scope: FilterScope): Built | FailedFilters {
  const shared = readTarget(redirect, place, scope);
  if (shared === undefined) return {};
  const { scheme, statusCode } = redirect;
  const port = redirect.port ?? (scheme === undefined ? scope.port : undefined);
  return {
    middleware: {
      type: "requestRedirect",
      ...(scheme === undefined ? {} : { scheme }),
      ...(port === undefined ? {} : { port }),
      statusCode,
      ...shared,
    },
  };
}

type PathRewrite = { type: "full"; path: string } | { type: "prefix"; from: string; to: string };

/** What redirects and rewrites have in common; undefined, with the problem reported, when it cannot be had. */
function readTarget(
  { hostname, path }: { hostname?: string | undefined; path?: PathModifier },
  place: Place,
  { prefix }: FilterScope,
): { hostname?: string; path?: PathRewrite } | undefined {
  const host = hostname === undefined ? undefined : readHostname(hostname);
  if (hostname !== undefined && (host === undefined || host.startsWith("*"))) {
    const message = `\`${hostname.slice(0, 100)}\` is not a host name; requests get 500`;
    place.report({ code: "invalid-field", severity: "error", path: [...place.path, "hostname"], message });
    return undefined;
  }
  if (path?.type === "ReplacePrefixMatch" && prefix === undefined) {
    place.report({
      code: "invalid-field",
      severity: "error",
      path: [...place.path, "path"],
      message: "`ReplacePrefixMatch` needs a match by `PathPrefix`; requests to the other matches get 500",
      hint: "Give those matches a rule of their own",
    });
    return undefined;
  }
  return {
    ...(host === undefined ? {} : { hostname: host }),
    ...(path === undefined ? {} : { path: rewriteOf(path, prefix ?? "/") }),
  };
}

const rewriteOf = (path: NonNullable<PathModifier>, prefix: string): PathRewrite =>
  path.type === "ReplaceFullPath"
    ? { type: "full", path: path.replaceFullPath }
    : { type: "prefix", from: prefix, to: path.replacePrefixMatch };

const traefikGroups = new Set(["traefik.io", "traefik.containo.us"]);

function useExtension(
  { group, kind, name }: { group: string; kind: string; name: string },
  { namespace, path, report }: Place,
  context: Context,
): Built | FailedFilters {
  if (!traefikGroups.has(group) || kind !== "Middleware") {
    report({
      code: "filter-unsupported",
      severity: "error",
      path,
      message: `A filter cannot be a ${kind.slice(0, 60)} of \`${group.slice(0, 60)}\`; requests get 500`,
      hint: "Name a Middleware of `traefik.io`",
    });
    return {};
  }
  const object = context.objects.get("Middleware", namespace, name);
  const closedBy = object === undefined ? "middleware-not-found" : buildMiddleware(object, silent, context);
  if (object !== undefined && closedBy === undefined) return { name: middlewareName(object, context) };
  report({
    code: closedBy ?? "middleware-not-found",
    severity: "error",
    path: [...path, "name"],
    message:
      object === undefined
        ? `The Middleware \`${name}\` does not exist in the namespace \`${namespace}\`; what it guards is closed`
        : `The Middleware \`${name}\` cannot be built; what it guards is closed`,
    hint:
      object === undefined ? "Create it there, or take the filter out" : "See the problems of the Middleware itself",
    refersTo: { kind: "Middleware", namespace, name },
  });
  return { closedBy: closedBy ?? "middleware-not-found" };
}
