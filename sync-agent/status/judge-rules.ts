import type { KubernetesObject } from "../source/kubernetes-object.ts";
import type { Problem } from "../translate/problem.ts";
import type { ProblemCode } from "../translate/problem-codes.ts";

/** What the problems of a route's translation come to, in the words of its conditions. */
export interface RulesVerdict {
  /** Why no rule is served as written. */
  invalid: string | undefined;
  /** Which rules are not served as written while others are; begins as Gateway API wants it to. */
  partly: string | undefined;
  /** References that lead nowhere: what the condition `ResolvedRefs` says. */
  unresolved: { reason: string; message: string } | undefined;
}

/** Reasons of `ResolvedRefs` (https://gateway-api.sigs.k8s.io/reference/spec/#routeconditionreason), and one of our own. */
const refReasons: Partial<Record<ProblemCode, string>> = {
  "reference-not-permitted": "RefNotPermitted",
  "service-not-found": "BackendNotFound",
  "service-port-not-found": "BackendNotFound",
  "traefik-service-not-found": "BackendNotFound",
  "middleware-not-found": "BackendNotFound",
  "external-name-not-allowed": "InvalidKind",
  "external-name-refused": "InvalidKind",
  "backend-tls-invalid": "InvalidBackendTLSPolicy",
};

/** A message with more than so many parts helps nobody. */
const MOST_PARTS = 5;

/** Sorts the errors of a HTTPRoute; warnings and notices leave its conditions alone. */
export function judgeRules(route: KubernetesObject, problems: readonly Problem[]): RulesVerdict {
  const errors = problems.filter(({ severity, path }) => severity === "error" && path[1] !== "parentRefs");
  const references = errors.flatMap((problem) => {
    const reason = reasonOf(problem);
    return reason === undefined ? [] : [{ reason, text: `${printPath(problem.path)}: ${problem.message}` }];
  });
  const [first] = references;
  const unresolved = first && { reason: first.reason, message: joinParts(references.map(({ text }) => text)) };
  const bad = errors.filter((problem) => reasonOf(problem) === undefined && !isEmptyRule(problem) && !isLate(problem));
  return { ...judgeBad(route, bad), unresolved };
}

function judgeBad(route: KubernetesObject, bad: readonly Problem[]): Pick<RulesVerdict, "invalid" | "partly"> {
  const [first] = bad;
  if (first === undefined) return { invalid: undefined, partly: undefined };
  const ofRules = bad.filter(({ path }) => path[1] === "rules" && typeof path[2] === "number");
  // Hostnames are left out one by one; the route without them is judged by its attachment.
  const ofWhole = bad.find((problem) => !ofRules.includes(problem) && problem.path[1] !== "hostnames");
  if (ofWhole !== undefined) return { invalid: ofWhole.message, partly: undefined };
  const texts = bad.map(({ path, message }) => `${printPath(path)}: ${message}`);
  const rules = rulesOf(route);
  const isDropped = (rule: unknown, index: number): boolean =>
    isLost(
      rule,
      ofRules.filter(({ path }) => path[2] === index).map(({ path }) => path.slice(3)),
    );
  if (rules.length > 0 && rules.every(isDropped)) return { invalid: joinParts(texts), partly: undefined };
  return { invalid: undefined, partly: `Dropped Rule: ${joinParts(texts)}` };
}

/** Whether nothing of a rule is served as written: a bad match or backend harms only itself while there are others. */
function isLost(rule: unknown, paths: readonly (readonly (string | number)[])[]): boolean {
  const isWhole = ([field]: readonly (string | number)[]): boolean => field !== "matches" && field !== "backendRefs";
  if (paths.some(isWhole)) return true;
  return ["matches", "backendRefs"].some((field) => {
    const list = listOf(rule, field);
    const hit = new Set(paths.filter(([name]) => name === field).map(([, index]) => index));
    return list.length > 0 && list.every((_, index) => hit.has(index));
  });
}

function reasonOf({ code, path }: Problem): string | undefined {
  if (code === "backend-not-found") return path.at(-1) === "kind" ? "InvalidKind" : undefined;
  return refReasons[code];
}

/** A rule without backends answers 500 and is as valid as Gateway API lets it be. */
const isEmptyRule = ({ code }: Problem): boolean => code === "backend-not-found";

/** Of several routes that want the same of a listener the oldest has it, and all are accepted (GEP-1901). */
const isLate = ({ code }: Problem): boolean => code === "router-conflict";

const rulesOf = ({ spec }: KubernetesObject): unknown[] => listOf(spec, "rules");

function listOf(value: unknown, field: string): unknown[] {
  const list: unknown = typeof value === "object" && value !== null ? Reflect.get(value, field) : undefined;
  return Array.isArray(list) ? list : [];
}

const joinParts = (parts: readonly string[]): string => {
  const distinct = [...new Set(parts)];
  const rest = distinct.length - MOST_PARTS;
  return distinct.slice(0, MOST_PARTS).join("; ") + (rest > 0 ? `; and ${rest} more` : "");
};

/** `spec.rules[0].backendRefs[1]`; of keys that nobody reads to their end the beginnings. */
export const printPath = (path: readonly (string | number)[]): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const name = part.length > LONGEST_KEY ? `${part.slice(0, LONGEST_KEY).toWellFormed()}…` : part;
    return text === "" ? name : `${text}.${name}`;
  }, "");

const LONGEST_KEY = 100;
