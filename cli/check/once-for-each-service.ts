import type { FoundProblem } from "./found-problem.ts";

/** A Service without endpoints is one fault, however many routes lead to it: the first place is kept, the others counted. */
export function onceForEachService(problems: readonly FoundProblem[]): FoundProblem[] {
  const groups = Map.groupBy(problems, (problem) => {
    const { code, refersTo } = problem;
    return code === "service-no-endpoints" && refersTo !== undefined ? JSON.stringify(refersTo) : problem;
  });
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined || others.length === 0) return first ?? [];
    const also = `${others.length} other ${others.length === 1 ? "place leads" : "places lead"} to it`;
    return { ...first, hint: first.hint === undefined ? also : `${first.hint} (${also})` };
  });
}
