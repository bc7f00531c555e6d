import * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ProblemCode } from "../problem-codes.ts";
import { type Report, readFields, whole } from "../read-object.ts";
import { buildMiddleware, middlewareName } from "./build-middleware.ts";
import { type Context, type Place, silent, within } from "./context.ts";
import { findByName } from "./find-by-name.ts";
import { reportCrossNamespace } from "./report-cross-namespace.ts";

/** Middlewares that are in the fragment's table now. */
export interface UsedMiddlewares {
  names: string[];
  /** Set when one of them is missing: what they guard must be closed. */
  closedBy?: ProblemCode;
}

/** Middlewares of requests, or those of connections. */
export interface MiddlewareFamily {
  kind: "Middleware" | "MiddlewareTCP";
  nameOf(object: KubernetesObject, context: Context): string;
  /** Puts one into the fragment's table. Gives the code of what is wrong when it cannot be built. */
  build(object: KubernetesObject, report: Report, context: Context): ProblemCode | undefined;
}

const ofRequests: MiddlewareFamily = { kind: "Middleware", nameOf: middlewareName, build: buildMiddleware };

export const referencesSchema = whole(z.array(z.object({ name: z.string(), namespace: z.string().optional() })));

/**
 * Builds the Middlewares of a list of references (`[{ name, namespace }]`, of unknown form), in order. Whatever is
 * wrong is reported, and closes what they guard.
 */
export function useMiddlewares(
  references: unknown,
  place: Place,
  context: Context,
  family: MiddlewareFamily = ofRequests,
): UsedMiddlewares {
  if (references === undefined || references === null) return { names: [] };
  const list = readFields(referencesSchema, references, place.path, place.report, place.misplaced);
  if (list === undefined) return { names: [], closedBy: "invalid-field" };
  return collect(list, (reference, index) => {
    const at = within(place, index);
    if (reference.name.includes("@")) {
      if (reference.name.endsWith("@kubernetescrd") && !context.settings.crd.allowCrossNamespace) {
        reportCrossNamespace(`\`${reference.name}\``, within(at, "name"));
        return "cross-namespace-reference";
      }
      return useQualified(reference.name, within(at, "name"), context, family);
    }
    const namespace = reference.namespace || place.namespace;
    if (namespace !== place.namespace && !context.settings.crd.allowCrossNamespace) {
      const what = `the ${family.kind} \`${reference.name}\` in the namespace \`${namespace}\``;
      reportCrossNamespace(what, within(at, "namespace"));
      return "cross-namespace-reference";
    }
    const object = context.objects.get(family.kind, namespace, reference.name);
    return useObject(object, { name: reference.name, namespace }, within(at, "name"), context, family);
  });
}

/**
 * Builds Middlewares by their names in the table, `<namespace>-<name>@kubernetescrd`, as annotations give them. They
 * may lie in any namespace. All problems are reported at `place`.
 */
export function useNamedMiddlewares(names: readonly string[], place: Place, context: Context): UsedMiddlewares {
  return collect(names, (name) => useQualified(name, place, context, ofRequests));
}

type Outcome = { name: string } | ProblemCode;

function collect<T>(references: readonly T[], use: (reference: T, index: number) => Outcome): UsedMiddlewares {
  const names: string[] = [];
  let closedBy: ProblemCode | undefined;
  for (const [index, reference] of references.entries()) {
    const outcome = use(reference, index);
    if (typeof outcome === "string") closedBy ??= outcome;
    else names.push(outcome.name);
  }
  return closedBy === undefined ? { names } : { names, closedBy };
}

function useQualified(name: string, place: Place, context: Context, family: MiddlewareFamily): Outcome {
  const at = name.lastIndexOf("@");
  const provider = at === -1 ? "" : name.slice(at + 1);
  if (provider === "kubernetescrd") {
    const object = findByName(family.kind, name.slice(0, at), context.objects, place.namespace);
    return useObject(object, { name, namespace: "" }, place, context, family);
  }
  place.report({
    code: "cross-provider-reference",
    severity: "error",
    path: place.path,
    message: provider ? `There is no provider \`${provider}\`` : `\`${name}\` does not name a provider`,
    hint: `A ${family.kind} object is named \`<namespace>-<name>@kubernetescrd\``,
  });
  return "cross-provider-reference";
}

function useObject(
  object: KubernetesObject | undefined,
  { name, namespace }: { name: string; namespace: string },
  { path, report }: Place,
  context: Context,
  { kind, nameOf, build }: MiddlewareFamily,
): Outcome {
  if (object === undefined) {
    const where = namespace === "" ? "" : ` in the namespace \`${namespace}\``;
    report({
      code: "middleware-not-found",
      severity: "error",
      path,
      message: `The ${kind} \`${name}\` does not exist${where}; what it guards is closed`,
      hint: "Create it, or take it out of the list",
      refersTo: { kind, namespace, name },
    });
    return "middleware-not-found";
  }
  const code = build(object, silent, context);
  if (code === undefined) return { name: nameOf(object, context) };
  report({
    code,
    severity: "error",
    path,
    message: `The ${kind} \`${name}\` cannot be built; what it guards is closed`,
    hint: code === "reference-cycle" ? "It refers back to itself" : `See the problems of the ${kind} itself`,
  });
  return code;
}
