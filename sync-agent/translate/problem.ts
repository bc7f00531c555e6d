import type { ObjectRef } from "../source/kubernetes-object.ts";
import type { ProblemCode } from "./problem-codes.ts";

/** Something wrong with one object, said so that its author can mend it. */
export interface Problem {
  code: ProblemCode;
  /** `error`: something that was asked for is not served. `warning`: served, but not as written. `notice`: good to know. */
  severity: "error" | "warning" | "notice";
  object: ObjectRef;
  /** Where in the object; empty for the object as a whole. */
  path: readonly (string | number)[];
  /** The part of the string at `path` that is meant, in UTF-16 units. */
  span?: { offset: number; length: number };
  /** What is wrong, in one sentence without a full stop at the end. */
  message: string;
  /** What to do about it. */
  hint?: string;
  /** The Kubernetes object that the problem is about, when it is another one that is missing or wrong. */
  refersTo?: { kind: string; namespace: string; name: string; port?: string };
}
