import { join, relative } from "node:path";
import type { ObjectRef } from "../../sync-agent/source/kubernetes-object.ts";
import type { Location } from "../../sync-agent/source/locate.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import type { PrintableProblem } from "./format-problem.ts";

/**
 * Makes a problem of an object printable.
 *
 * @param location its place, in a file named relative to `dir`
 * @param cwd what the printed file name is relative to
 */
export function toPrintable(
  { code, severity, message, hint, object }: Problem,
  location: Location | undefined,
  dir: string,
  cwd: string,
): PrintableProblem {
  return {
    code,
    severity,
    message,
    ...(hint !== undefined && { hint }),
    ...(object.kind !== "File" && {
      subject: subjectOf(object),
    }),
    ...(location && { location: { ...location, file: nameFile(dir, location.file, cwd) } }),
  };
}

/** An object as people name it: `IngressRoute default/app`, or its kind alone when it has no name. */
export const subjectOf = ({ kind, namespace, name }: ObjectRef): string =>
  `${kind} ${namespace && `${namespace}/`}${name}`.trimEnd();

/** A file of `dir`, as short as it can be pasted into an editor's command line in `cwd`. */
export function nameFile(dir: string, file: string, cwd: string): string {
  const path = dir.endsWith(file) ? dir : join(dir, file);
  const short = relative(cwd, path);
  return short === "" || short.startsWith("..") ? path : short;
}
