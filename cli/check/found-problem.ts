import type { ObjectRef } from "../../sync-agent/source/kubernetes-object.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import type { PrintableProblem } from "../print/format-problem.ts";

/** A problem with its place, its file named as a person in the working directory would. */
export interface FoundProblem extends PrintableProblem {
  object: ObjectRef;
  /** `spec.routes[0].match`; empty for the object as a whole. */
  field: string;
  refersTo?: Problem["refersTo"];
}
