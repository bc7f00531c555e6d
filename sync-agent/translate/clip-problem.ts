import type { Problem } from "./problem.ts";

/** A line of a terminal is a hundred; a condition's message in an object's status holds 32,768. */
const LONGEST_TEXT = 500;

/** A problem short enough to be shown, whatever its author has written: messages quote values, names and keys. */
export function clipProblem<P extends Pick<Problem, "message" | "hint">>(problem: P): P {
  const { message, hint } = problem;
  if (message.length <= LONGEST_TEXT && (hint === undefined || hint.length <= LONGEST_TEXT)) return problem;
  return { ...problem, message: clip(message), ...(hint === undefined ? {} : { hint: clip(hint) }) };
}

const clip = (text: string): string =>
  text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT).toWellFormed()}…`;
