import type { TcpLoadBalancer } from "../../../src/table/tcp.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { parseGoDuration } from "../go-duration.ts";
import { httpAnnotations } from "../kubernetes/http-annotations.ts";
import type { ProblemDraft } from "../kubernetes/problem-draft.ts";
import { suggestName } from "../nearest-name.ts";

const SLUICE_PREFIX = "sluice.dev/";

/** What a Kubernetes Service may say of itself, since Traefik's kinds have no field for it. */
export const tcpAnnotations = {
  "tcp-strategy":
    "which Pod a connection goes to: `wrr` (in turn, the default), `leastconn` (the one with the fewest connections), `client-ip` (by a hash of the client's address)",
  "tcp-health-check-interval": "how often each Pod is probed, such as `10s`; `30s` when another of these is set",
  "tcp-health-check-timeout": "how long a probe may take; `5s`",
  "tcp-health-check-port": "the port that is probed; that of the connections",
  "tcp-health-check-send": "text that a probe sends once it is connected",
  "tcp-health-check-expect": "text that the answer must begin with",
} as const satisfies Record<string, string>;

type Name = keyof typeof tcpAnnotations;

const strategies: ReadonlyMap<string, NonNullable<TcpLoadBalancer["strategy"]>> = new Map([
  ["wrr", "wrr"],
  ["leastconn", "leastconn"],
  ["client-ip", "clientIp"],
]);

/** Traefik's defaults (https://doc.traefik.io/traefik/reference/routing-configuration/tcp/service/#health-check). */
const INTERVAL_MS = 30_000;
const TIMEOUT_MS = 5000;

/** How the connections to a Service are balanced, as its own annotations say. A bad one has no effect. */
export function readTcpAnnotations({ metadata }: KubernetesObject): {
  balancing: Pick<TcpLoadBalancer, "strategy" | "healthCheck">;
  problems: ProblemDraft[];
} {
  const { namespace = "", name: service } = metadata;
  const problems: ProblemDraft[] = [];
  const report = (code: ProblemDraft["code"], text: string, hint: string | undefined): void => {
    const message = `In the Service \`${service}\`, ${text}`;
    const refersTo = { kind: "Service", namespace, name: service };
    problems.push({ code, severity: "warning", message, ...(hint !== undefined && { hint }), refersTo });
  };
  const given = new Map<Name, string>();
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    if (!key.startsWith(SLUICE_PREFIX)) continue;
    const name = key.slice(SLUICE_PREFIX.length);
    if (isKnown(name)) given.set(name, String(value));
    else if (!Object.hasOwn(httpAnnotations, name.toLowerCase()))
      report(
        "unknown-field",
        `the annotation \`${key}\` has no effect`,
        suggestName(name, Object.keys(tcpAnnotations)),
      );
  }
  /** What an annotation says; undefined when it is not there, or says something else. */
  const read = <T>(name: Name, wanted: string, parse: (text: string) => T | undefined): T | undefined => {
    const text = given.get(name);
    const value = text === undefined ? undefined : parse(text);
    if (text !== undefined && value === undefined) {
      const shown = JSON.stringify(text.slice(0, 60));
      report("invalid-field", `\`${SLUICE_PREFIX}${name}\` is ${shown} and has no effect`, `It must be ${wanted}`);
    }
    return value;
  };
  const strategy = read("tcp-strategy", "`wrr`, `leastconn` or `client-ip`", (text) => strategies.get(text));
  const interval = read("tcp-health-check-interval", "a duration such as `10s`", positiveDuration);
  const timeout = read("tcp-health-check-timeout", "a duration such as `2s`", positiveDuration);
  const port = read("tcp-health-check-port", "a port between 1 and 65535", portNumber);
  const send = given.get("tcp-health-check-send");
  const expect = given.get("tcp-health-check-expect");
  const isProbed = [interval, timeout, port, send, expect].some((value) => value !== undefined);
  const healthCheck = {
    intervalMs: interval ?? INTERVAL_MS,
    timeoutMs: timeout ?? TIMEOUT_MS,
    ...(port !== undefined && { port }),
    ...(send !== undefined && { send }),
    ...(expect !== undefined && { expect }),
  };
  return { balancing: { ...(strategy && { strategy }), ...(isProbed && { healthCheck }) }, problems };
}

const isKnown = (name: string): name is Name => Object.hasOwn(tcpAnnotations, name);

function positiveDuration(text: string): number | undefined {
  const ms = parseGoDuration(text);
  return ms !== undefined && ms > 0 ? ms : undefined;
}

function portNumber(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
