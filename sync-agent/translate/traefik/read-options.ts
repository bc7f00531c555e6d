import type * as z from "zod/mini";
import type { Middleware } from "../../../src/table/middleware.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { type Report, readFields } from "../read-object.ts";
import type { Context } from "./context.ts";

/** Where options stand. */
export interface OptionsPlace {
  /** The Middleware. */
  readonly object: KubernetesObject;
  readonly path: readonly string[];
  readonly report: Report;
  readonly context: Context;
}

/** Reads the options of one type into the table's form. Undefined, with the problem reported, when they cannot work. */
export type ReadOptions = (value: unknown, place: OptionsPlace) => Middleware | undefined;

/**
 * The table's options are Traefik's, so the table's schema reads them. `defaults` are what Traefik takes for fields
 * that are left out; `check` names what cannot work though it has the right form.
 */
export function reader<M extends Middleware>(
  type: M["type"],
  schema: z.ZodMiniType<M>,
  defaults: Partial<M> = {},
  check: (options: M) => string | undefined = () => undefined,
): ReadOptions {
  return (value, { path, report }) => {
    // Only a mapping can be completed; anything else is reported as it is.
    const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
    const options = readFields(schema, isMapping ? { ...defaults, ...value, type } : value, path, report);
    if (options === undefined) return undefined;
    const reason = check(options);
    if (reason === undefined) return options;
    report({ code: "middleware-invalid", severity: "error", path, message: `\`${type}\` cannot be built: ${reason}` });
    return undefined;
  };
}
