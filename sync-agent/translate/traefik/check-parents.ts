import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ProblemCode } from "../problem-codes.ts";
import { type Place, within } from "./context.ts";
import {
  hasPlaces,
  idOf,
  isChild,
  mayName,
  namespaceOf,
  type ParentRef,
  parentsOf,
  type Reader,
  rootFieldsOf,
  specOf,
} from "./ingress-route-parents.ts";
import type { IngressRouteSpec } from "./ingress-route-schema.ts";
import { reportCrossNamespace } from "./report-cross-namespace.ts";

/** References above an object that are looked at: ways from the top are not as long by far, and many objects can name each other. */
const MOST_ABOVE = 500;

/** Reports what keeps the routes of an IngressRoute with parents from being served. */
export function checkParents(object: KubernetesObject, spec: IngressRouteSpec, place: Place, reader: Reader): void {
  for (const field of rootFieldsOf(spec)) {
    place.report({
      code: "root-only-field",
      severity: "error",
      path: ["spec", field],
      message: `\`${field}\` belongs to the route at the top, and this object has \`parentRefs\`; its routes are left out`,
      hint: "Leave it out, and write it into the IngressRoute that has no parents",
    });
  }
  const above = lookUp(object, spec, reader);
  if (above === undefined) reportTooMany(within(place, "parentRefs"));
  for (const [index, ref] of (spec.parentRefs ?? []).entries()) {
    const at = within(place, "parentRefs", index);
    const namespace = namespaceOf(ref, object);
    if (!mayName(namespace, object, reader)) {
      const what = `the IngressRoute \`${ref.name}\` in the namespace \`${namespace}\``;
      reportCrossNamespace(what, within(at, "namespace"));
      continue;
    }
    const found = judge(reader.objects.get("IngressRoute", namespace, ref.name), ref, above, reader);
    if (found !== undefined) place.report({ ...found, severity: "error", path: [...at.path, "name"] });
  }
}

function judge(
  parent: KubernetesObject | undefined,
  { name }: ParentRef,
  above: Above | undefined,
  reader: Reader,
): { code: ProblemCode; message: string; hint: string } | undefined {
  const spec = parent && specOf(parent, reader);
  if (parent === undefined || spec === undefined) {
    const why = parent === undefined ? "does not exist" : "cannot be used, or is of another class";
    const message = `The IngressRoute \`${name}\`, which is named as parent, ${why}`;
    return { code: "parent-not-found", message, hint: "Mend the name, or leave the reference out" };
  }
  if (!hasPlaces(spec)) {
    const message = `All routes of the parent \`${name}\` have services of their own`;
    const hint = "Take the services out of the parent's route, and give them to a route below it";
    return { code: "parent-has-services", message, hint };
  }
  if (above === undefined || above.served.has(idOf(parent))) return undefined;
  if (above.circular.has(idOf(parent))) {
    const message = `The parent \`${name}\` stands below this object itself`;
    return { code: "parent-cycle", message, hint: "Take one reference out of the circle" };
  }
  const message = `No request can reach the parent \`${name}\``;
  return { code: "parent-unreachable", message, hint: "Its own problems say why; a route at the top has no parents" };
}

interface Above {
  /** Those that requests come to from the top, without passing the object itself. */
  readonly served: ReadonlySet<string>;
  /** Those that stand below the object, and the object. */
  readonly circular: ReadonlySet<string>;
}

const reportTooMany = ({ path, report }: Place): void =>
  report({
    code: "too-many-routes",
    severity: "warning",
    path,
    message: `More than ${MOST_ABOVE} references stand above this object: whether requests reach its parents is not looked at`,
    hint: "Name fewer parents",
  });

/** Looks at all that stand above an object, over any number of steps, each once; undefined where there are too many. */
function lookUp(object: KubernetesObject, spec: IngressRouteSpec, reader: Reader): Above | undefined {
  const self = idOf(object);
  const roots: string[] = [];
  /** Who stands below whom, of those above the object. */
  const below = new Map<string, string[]>();
  const seen = new Set([self]);
  const found: { child: string; parent: KubernetesObject }[] = [];
  const lookAbove = (child: KubernetesObject, asked: IngressRouteSpec): void => {
    for (const parent of parentsOf(child, asked, reader)) found.push({ child: idOf(child), parent });
  };
  lookAbove(object, spec);
  // What is appended meanwhile is visited too.
  for (const { child, parent } of found) {
    if (found.length > MOST_ABOVE) return undefined;
    const id = idOf(parent);
    const siblings = below.get(id);
    if (siblings === undefined) below.set(id, [child]);
    else siblings.push(child);
    if (seen.has(id)) continue;
    seen.add(id);
    const asked = specOf(parent, reader);
    if (asked === undefined || !hasPlaces(asked)) continue;
    if (!isChild(asked)) roots.push(id);
    else if (rootFieldsOf(asked).length === 0) lookAbove(parent, asked);
  }
  return { served: reached(roots, below, self), circular: reached([self], below) };
}

function reached(from: readonly string[], below: ReadonlyMap<string, readonly string[]>, except?: string): Set<string> {
  const all = new Set(from);
  // A set's iteration also visits what is added meanwhile.
  for (const id of all) for (const child of below.get(id) ?? []) if (child !== except) all.add(child);
  return all;
}
