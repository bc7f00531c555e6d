import type { KubernetesObject } from "../source/kubernetes-object.ts";
import { refOf } from "./fragment.ts";
import type { Problem } from "./problem.ts";

/** An object of a megabyte has room for ten thousands. */
const MOST_PROBLEMS = 1000;

const ranks: Readonly<Record<Problem["severity"], number>> = { error: 0, warning: 1, notice: 2 };

/** The problems of one object, as many as anybody may want to hold and to tell: where there are more, the gravest. */
export function boundProblems(object: KubernetesObject, problems: readonly Problem[]): readonly Problem[] {
  const more = problems.length - MOST_PROBLEMS;
  if (more <= 0) return problems;
  const kept = problems.toSorted((a, b) => ranks[a.severity] - ranks[b.severity]).slice(0, MOST_PROBLEMS);
  const severity = kept.at(-1)?.severity ?? "error";
  const message = `The ${object.kind} has ${more} more problems`;
  return [...kept, { code: "problems-cut", severity, object: refOf(object), path: [], message }];
}
