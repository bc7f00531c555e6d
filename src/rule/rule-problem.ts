/** What is wrong with a rule's text, and where. */
export interface RuleProblem {
  code: "rule-syntax" | "rule-regexp" | "rule-unreachable";
  /** One sentence without a full stop. */
  message: string;
  hint?: string;
  /** The place in the text, in UTF-16 units. */
  offset: number;
  length: number;
}

/** A stretch of the rule's text. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Stops the parser; `parseRule` turns it into its result. */
export class RuleError extends Error {
  override readonly name = "RuleError";
  readonly problem: RuleProblem;

  constructor(problem: RuleProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

export function syntaxError({ offset, length }: Span, message: string, hint?: string): RuleError {
  return new RuleError({ code: "rule-syntax", message, ...(hint !== undefined && { hint }), offset, length });
}
