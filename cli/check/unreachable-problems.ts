import { findUnreachable, type Unreachable } from "../../src/router/find-unreachable.ts";
import type { ChildRouter, Router } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";
import type { Folder } from "../../sync-agent/source/folder-source.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import { readTieBreaker } from "../../sync-agent/translate/tie-breaker.ts";
import { contradictedBelow } from "./contradicted-below.ts";
import { originOf } from "./router-origin.ts";

/** Names a file of the folder for people. */
type NameFile = (file: string) => string;

/** A router without requests: others take them, or those above it hand down none. */
interface Missed extends Unreachable {
  above?: readonly ChildRouter[];
}

/**
 * A warning for each route of the folder that no request can reach. A route may stand as several routers, apart by
 * entry point or for TLS, or below several others: it is unreachable when all of them are.
 */
export function unreachableProblems(
  table: Pick<Table, "routers" | "services" | "middlewares">,
  folder: Folder,
  nameFile: NameFile,
): Problem[] {
  const below = routersBelow(table);
  const routers = [...table.routers, ...below];
  const found: Missed[] = [...contradicted(table, below), ...findUnreachable(routers)];
  if (found.length === 0) return [];
  const unreachable = new Set(found.map(({ router }) => router));
  const reached = new Set(routers.filter((router) => !unreachable.has(router)).map(routeOf));
  const routes = new Map<string, Missed[]>();
  for (const one of found) {
    const route = routeOf(one.router);
    if (route === undefined || reached.has(route)) continue;
    const group = routes.get(route);
    if (group === undefined) routes.set(route, [one]);
    else group.push(one);
  }
  return [...routes.values()].flatMap((group) => toProblem(group, folder, nameFile) ?? []);
}

/** The routers below others, those of each place by themselves, as if that were an entry point. */
const routersBelow = ({ services }: Pick<Table, "services">): Router[] =>
  Object.entries(services).flatMap(([name, service]) =>
    service.type === "routers" ? service.routers.map((router) => ({ ...router, entryPoints: [name], tls: false })) : [],
  );

function contradicted(table: Parameters<typeof unreachableProblems>[0], below: readonly Router[]): Missed[] {
  const keyOf = (level: string | undefined, { tieBreaker }: ChildRouter): string => JSON.stringify([level, tieBreaker]);
  const byKey = new Map(below.map((router) => [keyOf(router.entryPoints[0], router), router]));
  return contradictedBelow(table).flatMap(({ router: child, level, above }) => {
    const router = byKey.get(keyOf(level, child));
    return router === undefined ? [] : { router, shadowedBy: [], above };
  });
}

/** Names the place in the object that the router comes from; undefined for routers that no object asked for. */
function routeOf({ tieBreaker }: Router): string | undefined {
  const origin = readTieBreaker(tieBreaker);
  return origin && JSON.stringify(origin);
}

function toProblem(found: readonly Missed[], folder: Folder, nameFile: NameFile): Problem | undefined {
  const [first] = found;
  const origin = first && originOf(first.router, folder);
  if (first === undefined || origin === undefined) return undefined;
  const { object, path } = origin;
  const above = new Set(
    found.flatMap((one) => (one.above ?? []).map((router) => nameRouter(router, folder, nameFile))),
  );
  if (above.size > 0) {
    const names = [...above].join(" and ");
    return {
      code: "router-unreachable",
      severity: "warning",
      object,
      path,
      message: `No request reaches this route: none that comes down from ${names} matches its rule`,
      hint: "Only what the routes above it take comes to it: ask for a host and a path that they match as well",
    };
  }
  const shadows = [...new Set(found.flatMap(({ shadowedBy }) => shadowedBy))];
  if (shadows.length === 0) {
    return {
      code: "router-unreachable",
      severity: "warning",
      object,
      path,
      message: "No request matches this rule: it contradicts itself",
      hint: "Join what excludes each other by ||, not by &&",
    };
  }
  const [shadow] = shadows;
  const cover = shadow && originOf(shadow, folder)?.object;
  return {
    code: "router-unreachable",
    severity: "warning",
    object,
    path,
    message: `No request reaches this route: ${describeShadows(shadows, first.router, (shadow) => nameRouter(shadow, folder, nameFile))}`,
    hint: hintFor(shadows, first.router, object.kind),
    ...(cover && { refersTo: { kind: cover.kind, namespace: cover.namespace, name: cover.name } }),
  };
}

function describeShadows(shadows: readonly Router[], router: Router, nameOf: (shadow: Router) => string): string {
  const names = new Set(shadows.map(nameOf));
  const isOne = names.size === 1;
  const [first] = shadows;
  const take = `${[...names].join(" and ")} ${isOne ? "takes" : "take"} all of them`;
  if (!isOne || first === undefined) return take;
  if (first.priority !== router.priority)
    return `${take}, by the higher priority (${first.priority} to ${router.priority})`;
  return `${take}; the priorities are equal, and the other comes first by age, name and place`;
}

function nameRouter(router: ChildRouter | Router, folder: Folder, nameFile: NameFile): string {
  const origin = originOf(router, folder);
  if (origin === undefined) {
    const entryPoints = "entryPoints" in router ? router.entryPoints : [];
    return `the redirect of the entry point \`${entryPoints.join("`, `")}\``;
  }
  const { object, location } = origin;
  const at = location === undefined ? "" : ` at ${nameFile(location.file)}:${location.line}`;
  return `the ${object.kind} \`${object.name}\`${at}`;
}

function hintFor(shadows: readonly Router[], { ruleText }: Router, kind: string): string {
  if (shadows.every((shadow) => shadow.ruleText === ruleText)) {
    return "Remove one of them, or put their services into one route";
  }
  const highest = Math.max(...shadows.map(({ priority }) => priority));
  if (highest >= Number.MAX_SAFE_INTEGER) return "Remove it, or give the redirect a lower priority";
  if (kind === "Ingress") return `Annotate it with a \`router.priority\` above ${highest}, or remove it`;
  return kind === "IngressRoute"
    ? `Give it a \`priority\` above ${highest}, or remove it`
    : "Remove it, or narrow the other";
}
