import * as z from "zod";
import type { Middleware } from "../../../src/table/middleware.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { nameOfObject } from "../distinct-name.ts";
import type { TranslateObject } from "../fragment.ts";
import { suggestName } from "../nearest-name.ts";
import type { ProblemCode } from "../problem-codes.ts";
import { type Report, readFields, readSpec } from "../read-object.ts";
import { type Context, MAX_NESTING, type Place, startFragment } from "./context.ts";
import { middlewareTypes } from "./middleware-types.ts";
import { useMiddlewares } from "./use-middlewares.ts";

/** A Middleware by itself: its problems, and its entry in the table for entry points that name it. */
export const translateMiddleware: TranslateObject = (object, objects, settings) => {
  const { fragment, report, context } = startFragment(object, objects, settings);
  buildMiddleware(object, report, context);
  return fragment;
};

/** The name of a Middleware in the fragment's table. */
export const middlewareName = (object: KubernetesObject, context: Context): string =>
  nameOfObject("middlewares", object, context);

/** Puts a Middleware into the fragment's table. Gives the code of what is wrong when it cannot be built. */
export function buildMiddleware(object: KubernetesObject, report: Report, context: Context): ProblemCode | undefined {
  const name = middlewareName(object, context);
  // A TraefikService can have the same name.
  const key = `middleware ${name}`;
  const { building, failed } = context;
  if (Object.hasOwn(context.table.middlewares, name)) return undefined;
  if (building.has(key) || building.size >= MAX_NESTING) return "reference-cycle";
  // Only within one that is built: what is too deep there may not be elsewhere.
  if (building.size === 0) failed.clear();
  const earlier = failed.get(key);
  if (earlier !== undefined) return earlier;
  building.add(key);
  const built = build(object, report, context);
  building.delete(key);
  if (typeof built === "string") {
    failed.set(key, built);
    return built;
  }
  context.table.middlewares[name] = built;
  return undefined;
}

const specSchema = z.record(z.string(), z.unknown());
const chainSchema = z.object({ middlewares: z.unknown() });

function build(object: KubernetesObject, report: Report, context: Context): Middleware | ProblemCode {
  const spec = readSpec(specSchema, object, report);
  if (spec === undefined) return "middleware-invalid";
  const types = Object.keys(spec);
  const [type] = types;
  if (type === undefined || types.length > 1) {
    const message =
      type === undefined ? "The Middleware has no type" : `The Middleware has several types: ${types.join(", ")}`;
    const hint = "Make one object of each, and put them into a `chain` or the route's list";
    report({ code: "middleware-invalid", severity: "error", path: ["spec"], message, hint });
    return "middleware-invalid";
  }
  if (type === "chain") return buildChain(spec.chain, object, report, context);
  const read = Object.hasOwn(middlewareTypes, type) ? middlewareTypes[type] : undefined;
  if (read !== undefined)
    return read(spec[type], { object, path: ["spec", type], report, context }) ?? "middleware-invalid";
  const hint = suggestName(type, ["chain", ...Object.keys(middlewareTypes)]);
  report({
    code: "middleware-invalid",
    severity: "error",
    path: ["spec", type],
    message: `There is no middleware of the type \`${type}\``,
    ...(hint === undefined ? {} : { hint }),
  });
  return "middleware-invalid";
}

function buildChain(
  value: unknown,
  object: KubernetesObject,
  report: Report,
  context: Context,
): Middleware | ProblemCode {
  const chain = readFields(chainSchema, value, ["spec", "chain"], report);
  if (chain === undefined) return "middleware-invalid";
  const place: Place = {
    namespace: object.metadata.namespace ?? "",
    path: ["spec", "chain", "middlewares"],
    report,
  };
  const { names, closedBy } = useMiddlewares(chain.middlewares ?? [], place, context);
  return closedBy ?? { type: "chain", middlewares: names };
}
