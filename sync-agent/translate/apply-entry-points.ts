import type { EntryPoint } from "../../src/table/entry-point.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import type { Router } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";
import type { Problem } from "./problem.ts";
import type { AccessLogSettings, EntryPointSettings, TranslateSettings } from "./settings.ts";
import { emptyPart, type TablePart } from "./table-part.ts";

type EntryPoints = TranslateSettings["entryPoints"];
type Settings = Pick<TranslateSettings, "entryPoints" | "accessLog">;

/** The service behind routers whose middlewares always answer; Traefik's name for it. */
const NOOP_SERVICE = "noop@internal";

/** The entry points as the table has them. */
export function tableEntryPoints({ entryPoints, accessLog }: Settings): Table["entryPoints"] {
  return Object.fromEntries(
    Object.entries(entryPoints).map(([name, entryPoint]) => [name, tableEntryPoint(entryPoint, accessLog)]),
  );
}

function tableEntryPoint(
  { port, forwardedHeaders, encodeQuerySemicolons, aliasHeaders, accessLogs }: EntryPointSettings,
  accessLog: AccessLogSettings | undefined,
): EntryPoint {
  const entryPoint: EntryPoint = {
    port,
    ...(forwardedHeaders !== undefined && { forwardedHeaders }),
    ...(encodeQuerySemicolons && { encodeQuerySemicolons }),
    ...(aliasHeaders !== undefined && { aliasHeaders }),
  };
  if (accessLog === undefined) return entryPoint;
  const { addInternals: _, ...settings } = accessLog;
  return { ...entryPoint, accessLog: settings, ...(accessLogs !== undefined && { accessLogs }) };
}

/** Where the relay may listen, as the table has it. */
export function tableRelayEntryPoints(settings: TranslateSettings["relayEntryPoints"]): Table["relayEntryPoints"] {
  const relayEntryPoints: Table["relayEntryPoints"] = {};
  for (const [name, { asDefault: _, ...entryPoint }] of Object.entries(settings)) relayEntryPoints[name] = entryPoint;
  return relayEntryPoints;
}

/** Entry points that name middlewares which are not there: the code that closes their routers, and the problems. */
export function findClosed(
  settings: EntryPoints,
  hasMiddleware: (name: string) => boolean,
): { closed: Map<string, string>; problems: Problem[] } {
  const problems: Problem[] = [];
  const closed = new Map<string, string>();
  for (const [name, { middlewares = [] }] of Object.entries(settings)) {
    for (const [index, middleware] of middlewares.entries()) {
      if (hasMiddleware(middleware)) continue;
      closed.set(name, "middleware-not-found");
      problems.push(missingMiddleware(name, index, middleware));
    }
  }
  return { closed, problems };
}

/**
 * Gives a router what its entry points add: TLS by default and middlewares of their own. A router on an entry point
 * with such settings becomes one of its own there, named `<entry point>-<router>` when it stands on others too, as in
 * Traefik.
 */
export function placeRouter(router: Router, entryPoints: EntryPoints, closed: ReadonlyMap<string, string>): Router[] {
  const isPlain = (name: string): boolean => {
    const { tls, middlewares, encodedCharacters } = entryPoints[name] ?? { port: 0 };
    return !(tls && !router.tls) && !middlewares?.length && encodedCharacters === undefined;
  };
  const plain = router.entryPoints.filter(isPlain);
  if (plain.length > 0 && plain.length === router.entryPoints.length) return [router];
  const placed: Router[] = plain.length > 0 ? [{ ...router, entryPoints: plain }] : [];
  for (const name of router.entryPoints) {
    const { tls = false, middlewares = [], encodedCharacters } = entryPoints[name] ?? { port: 0 };
    if (isPlain(name)) continue;
    const own = encodedCharacters === undefined ? [] : [encodedCharactersOf(name)];
    const closedBy = closed.get(name) ?? router.closedBy;
    const isAlone = router.entryPoints.length === 1;
    placed.push({
      ...router,
      name: isAlone ? router.name : `${name}-${router.name}`,
      entryPoints: [name],
      tls: router.tls || tls,
      tieBreaker: isAlone ? router.tieBreaker : `${router.tieBreaker} ${name}`,
      middlewares: [...own, ...(closed.has(name) ? [] : middlewares), ...router.middlewares],
      ...(closedBy === undefined ? {} : { closedBy }),
    });
  }
  return placed;
}

/** What entry points have of their own: the routers that redirect and what they refer to, and middlewares. */
export function entryPointParts({ entryPoints, accessLog }: Settings): TablePart {
  const table = emptyPart();
  for (const [name, { encodedCharacters }] of Object.entries(entryPoints)) {
    addRedirect(table, name, entryPoints, accessLog);
    if (encodedCharacters === undefined) continue;
    table.middlewares[encodedCharactersOf(name)] = { type: "encodedCharacters", ...encodedCharacters };
  }
  return table;
}

/** Stands before all other middlewares of the entry point. */
const encodedCharactersOf = (entryPoint: string): string => `encoded-characters-${entryPoint}@internal`;

function missingMiddleware(entryPoint: string, index: number, middleware: string): Problem {
  return {
    code: "middleware-not-found",
    severity: "error",
    object: { apiVersion: "", kind: "EntryPoint", namespace: "", name: entryPoint },
    path: ["http", "middlewares", index],
    message: `The entry point \`${entryPoint}\` names the middleware \`${middleware}\`, which does not exist or cannot be built; all its routes are closed`,
    hint: "Name it as `<namespace>-<name>@kubernetescrd`",
  };
}

function addRedirect(
  table: TablePart,
  name: string,
  entryPoints: EntryPoints,
  accessLog: AccessLogSettings | undefined,
): void {
  const redirect = entryPoints[name]?.redirect;
  if (redirect === undefined) return;
  const middleware = `redirect-${name}-to-${redirect.to}@internal`;
  const port = redirectPort(redirect.to, redirect.scheme, entryPoints);
  const options: Middleware = {
    type: "redirectScheme",
    scheme: redirect.scheme,
    permanent: redirect.permanent,
    ...(port === undefined ? {} : { port }),
  };
  table.middlewares[middleware] = options;
  table.services[NOOP_SERVICE] = { type: "status", status: 418 };
  table.routers.push({
    name: `${name}-to-${redirect.to}@internal`,
    entryPoints: [name],
    tls: false,
    rule: { type: "pathPrefix", path: "/" },
    ruleText: "PathPrefix(`/`)",
    // Above every route, like Traefik's MaxInt64 - 1, which no JavaScript number can hold.
    priority: redirect.priority ?? Number.MAX_SAFE_INTEGER,
    tieBreaker: `0 redirect ${name}`,
    middlewares: [middleware],
    service: NOOP_SERVICE,
    // As Traefik, which counts it among its internals.
    ...(accessLog !== undefined && !accessLog.addInternals && { accessLogs: false }),
  });
}

/** The port to redirect to, unless it is the scheme's own. `to` is an entry point or `:port`. */
function redirectPort(to: string, scheme: string, entryPoints: Record<string, EntryPointSettings>): string | undefined {
  const port = to.startsWith(":") ? to.slice(1) : String(entryPoints[to]?.port ?? "");
  const wellKnown = scheme === "https" ? "443" : scheme === "http" ? "80" : "";
  return port === wellKnown || port === "" ? undefined : port;
}
