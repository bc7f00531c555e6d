import type { ApiObject } from "./api-object.ts";
import { apiStatus } from "./api-status.ts";

export type Selector = (object: ApiObject) => boolean;

/** @throws ApiStatus 400 for selectors that no server reads */
export function readSelectors(query: URLSearchParams): Selector | undefined {
  const labels = query.get("labelSelector") ?? "";
  const fields = query.get("fieldSelector") ?? "";
  const tests = [...splitTerms(labels).map(labelTerm), ...splitTerms(fields).map(fieldTerm)];
  return tests.length === 0 ? undefined : (object) => tests.every((test) => test(object));
}

/** Commas part terms, except those between brackets. */
const splitTerms = (text: string): string[] => (text.trim() === "" ? [] : text.split(/,(?![^(]*\))/));

/** One requirement on labels: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`. */
function labelTerm(text: string): Selector {
  const set = /^\s*([^\s=!()]+)\s+(in|notin)\s+\(([^)]*)\)\s*$/.exec(text);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    return (object) => {
      const value = object.metadata.labels?.[key];
      return (value !== undefined && values.includes(value)) === (operator === "in");
    };
  }
  const term = /^\s*(!?)([^\s=!()]+)\s*(?:(==?|!=)\s*([^\s=!()]*))?\s*$/.exec(text);
  if (term === null) throw apiStatus(400, `unable to parse requirement: ${text}`);
  const [, not, key = "", operator, wanted] = term;
  return ({ metadata: { labels } }) => {
    if (operator === undefined) return (labels?.[key] === undefined) === (not === "!");
    return (labels?.[key] === wanted) === (operator !== "!=");
  };
}

/** Servers select by few fields; these are the ones that clients of this double use. */
const fieldValues: Readonly<Record<string, (object: ApiObject) => unknown>> = {
  "metadata.name": ({ metadata }) => metadata.name,
  "metadata.namespace": ({ metadata }) => metadata.namespace ?? "",
  type: ({ kind, type }) => (kind === "Secret" || kind === "Event" ? type : undefined),
  reason: ({ kind, reason }) => (kind === "Event" ? reason : undefined),
  "involvedObject.name": ({ involvedObject }) => (involvedObject as { name?: string } | undefined)?.name,
  "involvedObject.kind": ({ involvedObject }) => (involvedObject as { kind?: string } | undefined)?.kind,
  "involvedObject.namespace": ({ involvedObject }) => (involvedObject as { namespace?: string } | undefined)?.namespace,
  "involvedObject.uid": ({ involvedObject }) => (involvedObject as { uid?: string } | undefined)?.uid,
};

function fieldTerm(text: string): Selector {
  const term = /^\s*([^\s=!]+?)\s*(==?|!=)\s*(.*?)\s*$/.exec(text);
  const [, path = "", operator, wanted = ""] = term ?? [];
  const value = Object.hasOwn(fieldValues, path) ? fieldValues[path] : undefined;
  if (value === undefined) throw apiStatus(400, `field label not supported: ${path || text}`);
  return (object) => ((value(object) ?? "") === wanted) === (operator !== "!=");
}
