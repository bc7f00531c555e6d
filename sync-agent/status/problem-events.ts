import { kindOf } from "../source/known-kinds.ts";
import type { KubernetesObject } from "../source/kubernetes-object.ts";
import type { ObjectReader } from "../source/object-store.ts";
import { sha256Hex } from "../translate/names.ts";
import type { Problem } from "../translate/problem.ts";
import { printPath } from "./judge-rules.ts";

/** One problem of one object as an Event tells it; the same problem always has the same name. */
export interface ProblemEvent {
  name: string;
  namespace: string;
  type: "Normal" | "Warning";
  /** The problem's code in CamelCase. */
  reason: string;
  note: string;
  regarding: Regarding;
}

interface Regarding {
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
}

/** Objects that tell of their errors in conditions. */
const withConditions = new Set([
  "GatewayClass",
  "Gateway",
  "HTTPRoute",
  "GRPCRoute",
  "TLSRoute",
  "TCPRoute",
  "UDPRoute",
]);

/** More problems than these are in the log and the metrics; Events are for who looks at one object. */
export const MOST_EVENTS = 500;

/** The longest note that events.k8s.io/v1 takes, in bytes. */
const LONGEST_NOTE = 1024;

/**
 * The Events of problems that no condition tells of, by name; errors first when there are too many. Those are the
 * problems of objects without conditions (Traefik's kinds, Ingresses, Services), and of others what is no error or is
 * about a parent, which may be nobody's to speak for.
 */
export function problemEvents(problems: readonly Problem[], objects: ObjectReader): ReadonlyMap<string, ProblemEvent> {
  const events = new Map<string, ProblemEvent>();
  const told = problems.filter(
    ({ object, severity, path }) =>
      !withConditions.has(object.kind) || severity !== "error" || path[1] === "parentRefs",
  );
  for (const severity of ["error", "warning", "notice"] as const) {
    for (const problem of told) {
      if (problem.severity !== severity) continue;
      if (events.size >= MOST_EVENTS) return events;
      const object = objectOf(problem, objects);
      const event = object && eventOf(problem, object);
      if (event !== undefined) events.set(event.name, event);
    }
  }
  return events;
}

/** The word that a problem is gone, beside the Event that told of it. */
export function solvedEvent(event: ProblemEvent): ProblemEvent {
  return {
    ...event,
    name: eventName(event.regarding.name, `${event.name} solved`),
    type: "Normal",
    reason: "Solved",
    note: clipNote(`No longer so: ${event.note}`),
  };
}

/** `service-not-found` becomes `ServiceNotFound`. */
export const camelCase = (code: string): string =>
  code.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function objectOf({ object: { apiVersion, kind, namespace, name } }: Problem, objects: ObjectReader) {
  const known = kindOf({ apiVersion, kind });
  return known && objects.get(known, namespace, name);
}

function eventOf({ code, severity, path, message, hint }: Problem, object: KubernetesObject): ProblemEvent | undefined {
  const { uid, resourceVersion = "", namespace = "", name } = object.metadata;
  if (uid === undefined) return undefined;
  const place = path.length === 0 ? "" : `${printPath(path)}: `;
  const note = clipNote(`${place}${message}${hint === undefined ? "" : `. ${hint}`}`);
  return {
    name: eventName(name, JSON.stringify([uid, code, note])),
    // Events of cluster-scoped objects lie in `default`, as those of Kubernetes itself.
    namespace: namespace || "default",
    type: severity === "notice" ? "Normal" : "Warning",
    reason: camelCase(code),
    note,
    regarding: { apiVersion: object.apiVersion, kind: object.kind, namespace, name, uid, resourceVersion },
  };
}

/** At most 253 characters, a DNS name. */
const eventName = (object: string, identity: string): string =>
  `${object.slice(0, 200).replace(/[^a-z0-9]+$/, "")}.${sha256Hex(identity).slice(0, 16)}`;

function clipNote(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= LONGEST_NOTE) return note;
  // A character that was cut in two reads as U+FFFD.
  return `${bytes
    .subarray(0, LONGEST_NOTE - 6)
    .toString()
    .replace(/\uFFFD+$/, "")}…`;
}
