import type { Problem } from "../problem.ts";

/** A problem without its place: who holds the reference knows that. */
export type ProblemDraft = Pick<Problem, "code" | "severity" | "message" | "hint" | "refersTo">;
