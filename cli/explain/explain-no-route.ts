import type { MatchCandidate, MatchExplanation } from "../../src/router/explain-match.ts";
import { canonicalHost } from "../../src/rule/canonical-host.ts";
import { nearestName } from "../../src/rule/nearest-name.ts";
import { ruleKeys } from "../../src/rule/rule-keys.ts";
import type { Router } from "../../src/table/router.ts";
import type { Table } from "../../src/table/table.ts";
import type { Explanation } from "./explanation.ts";

/** Why no router takes a request: the answer is 404. */
export function explainNoRoute(
  { candidates }: MatchExplanation,
  { host, path, entryPoint, tls, url }: Explanation["request"],
  { entryPoints, routers }: Table,
): { status: number; reason: string } {
  const answer = (reason: string) => ({ status: 404, reason });
  if (entryPoint === undefined) {
    const ports = Object.entries(entryPoints).map(([name, { port }]) => `${name} ${port}`);
    return answer(`no entry point takes the port of ${url} (there are ${ports.join(", ")}); --entrypoint names one`);
  }
  const listener = describeListener(entryPoint, tls);
  const elsewhere = candidates.find(({ matched }) => matched);
  if (elsewhere !== undefined) {
    return answer(`a route matches, but it stands on ${placesOf(elsewhere)}, and the request came to ${listener}`);
  }
  const ofHost = candidates.filter(({ met }) => met.has("host"));
  if (ofHost.some(({ here, met }) => here && met.has("path"))) {
    return answer(`routes take the host ${host} and the path ${path}, but ask for more than the request has`);
  }
  if (ofHost.some(({ here }) => here)) return answer(`the host ${host} is known, but none of its routes takes ${path}`);
  const [other] = ofHost;
  if (other !== undefined) {
    return answer(`the host ${host} is known on ${placesOf(other)} only, and the request came to ${listener}`);
  }
  const standing = routers.filter((router) => router.tls === tls && router.entryPoints.includes(entryPoint));
  if (standing.length === 0) return answer(`no route stands on ${listener}`);
  const nearest = nearestName(canonicalHost(host), [...new Set(standing.flatMap(hostsOf))]);
  const meant = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return answer(`no route on ${listener} takes the host ${host}${meant}`);
}

/** The whole host names that a router's rule asks for. */
const hostsOf = ({ rule }: Router): string[] =>
  ruleKeys(rule).flatMap(({ host }) => (host === "" || host.startsWith("*") ? [] : [host]));

const placesOf = ({ router }: MatchCandidate): string =>
  router.entryPoints.map((entryPoint) => describeListener(entryPoint, router.tls)).join(" and ");

/** `websecure (TLS)`: requests over TLS and plain ones see different routers. */
export const describeListener = (entryPoint: string, tls: boolean): string =>
  `${entryPoint} (${tls ? "TLS" : "plain HTTP"})`;
