import type { ClientKey, LoadBalancer } from "../../../src/table/service.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { suggestName } from "../nearest-name.ts";
import { readFields } from "../read-object.ts";
import { tcpAnnotations } from "../streams/tcp-annotations.ts";
import { healthCheckSchema, passiveHealthCheckSchema, readHealth } from "../traefik/service-health-check.ts";
import { readClientKey } from "./client-key.ts";
import { httpAnnotations } from "./http-annotations.ts";
import type { ProblemDraft } from "./problem-draft.ts";

const PREFIX = "sluice.dev/";

/** The part of a load balancer that says how it balances. */
export type Balancing = Pick<LoadBalancer, "strategy" | "clientKey" | "healthCheck" | "passiveHealthCheck">;
type Read = { balancing: Balancing; problems: readonly ProblemDraft[] };

const NOTHING: Read = { balancing: {}, problems: [] };
const known = new WeakMap<KubernetesObject, Read>();

/** How the requests to a Service are balanced, as its own annotations say. A bad one has no effect. */
export function readServiceAnnotations(service: KubernetesObject): Read {
  const given = Object.entries(service.metadata.annotations ?? {}).filter(([name]) => name.startsWith(PREFIX));
  if (given.length === 0) return NOTHING;
  let read = known.get(service);
  if (read === undefined) {
    read = readGiven(service, given);
    known.set(service, read);
  }
  return read;
}

function readGiven(
  { metadata: { namespace = "", name: service } }: KubernetesObject,
  given: [string, unknown][],
): Read {
  const problems: ProblemDraft[] = [];
  const report = (code: ProblemDraft["code"], text: string, hint?: string): void => {
    const message = `In the Service \`${service}\`, ${text}`;
    const refersTo = { kind: "Service", namespace, name: service };
    problems.push({ code, severity: "warning", message, ...(hint !== undefined && { hint }), refersTo });
  };
  const values = new Map<string, string>();
  for (const [key, value] of given) {
    const name = key.slice(PREFIX.length).toLowerCase();
    if (Object.hasOwn(httpAnnotations, name)) values.set(name, String(value));
    else if (!Object.hasOwn(tcpAnnotations, name))
      report(
        "unknown-field",
        `the annotation \`${key}\` has no effect`,
        suggestName(name, Object.keys(httpAnnotations)),
      );
  }
  const read = <T>(name: keyof typeof httpAnnotations, wanted: string, parse: (text: string) => T | undefined) => {
    const text = values.get(name);
    const value = text === undefined ? undefined : parse(text);
    if (text !== undefined && value === undefined) {
      const shown = JSON.stringify(text.slice(0, 60));
      report("invalid-field", `\`${PREFIX}${name}\` is ${shown} and has no effect`, `It must be ${wanted}`);
    }
    return value;
  };
  /** The fields of a Traefik object that annotations of a prefix stand for. */
  const fieldsOf = (prefix: string): Record<string, unknown> | undefined => {
    const fields: Record<string, unknown> = {};
    for (const [name, text] of values)
      if (name.startsWith(prefix)) fields[camelCase(name.slice(prefix.length))] = numeric(text);
    return Object.keys(fields).length === 0 ? undefined : fields;
  };
  const problem = ({ message }: { message: string }): void =>
    report("invalid-field", `an annotation has no effect: ${message}`);

  const strategy = read("strategy", "`wrr`, `p2c`, `hrw`, `leasttime` or `drr`", readStrategy);
  const clientKey = read("client-key", "`address`, `header NAME` or `cookie NAME`", readClientKey);
  const active = fieldsOf("health-check-");
  const passive = fieldsOf("passive-health-check-");
  const health = readHealth({
    healthCheck: active && readFields(healthCheckSchema, active, [], problem),
    passiveHealthCheck: passive && readFields(passiveHealthCheckSchema, passive, [], problem),
  });
  return { balancing: { ...balancingOf(strategy, clientKey), ...health }, problems };
}

const strategies: ReadonlyMap<string, LoadBalancer["strategy"] | "wrr"> = new Map([
  ["", "wrr"],
  ["roundrobin", "wrr"],
  ["wrr", "wrr"],
  ["p2c", "p2c"],
  ["hrw", "hrw"],
  ["leasttime", "leasttime"],
  ["drr", "drr"],
]);

/** A strategy by Traefik's names, `drr` among them; undefined when there is none of the name. */
export const readStrategy = (text: string): NonNullable<LoadBalancer["strategy"]> | "wrr" | undefined =>
  strategies.get(text.toLowerCase());

function balancingOf(
  strategy: LoadBalancer["strategy"] | "wrr",
  clientKey: ClientKey | undefined,
): Pick<LoadBalancer, "strategy" | "clientKey"> {
  const chosen = strategy ?? (clientKey === undefined ? "wrr" : "hrw");
  return {
    ...(chosen !== "wrr" && { strategy: chosen }),
    ...(chosen === "hrw" && clientKey !== undefined && { clientKey }),
  };
}

const camelCase = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Annotations are texts, fields may be numbers. */
const numeric = (text: string): string | number => (/^\d{1,9}$/.test(text) ? Number(text) : text);
