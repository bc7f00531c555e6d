import type { BreakerComparison, BreakerCondition } from "../../../src/table/breaker-condition.ts";
import { nearestName } from "../nearest-name.ts";

/** Why an expression cannot be used, and where. */
interface ExpressionProblem {
  message: string;
  hint?: string;
  /** The place in the text, in UTF-16 units. */
  span: { offset: number; length: number };
}

export type ParsedExpression = { condition: BreakerCondition } | { problem: ExpressionProblem };

const MOST_LENGTH = 4096;
/** Parentheses within parentheses. */
const MOST_DEPTH = 50;

const TOKEN = /\s*(?:([A-Za-z_]\w*)|(\d+(?:\.\d*)?|\.\d+)|(&&|\|\||[<>=!]=|[<>!(),])|([^\s]))/y;
const OPERATORS = ["<", "<=", ">", ">=", "==", "!="] as const;
type Operator = (typeof OPERATORS)[number];

/** What the groups of `TOKEN` are. */
const kinds = ["name", "number", "sign", "unknown"] as const;
type Token = { kind: (typeof kinds)[number] | "end"; text: string; offset: number };

/** The measures by name, each with the form in which it is written. */
const measures: Readonly<Record<string, string>> = {
  NetworkErrorRatio: "NetworkErrorRatio()",
  ResponseCodeRatio: "ResponseCodeRatio(500, 600, 0, 600)",
  LatencyAtQuantileMS: "LatencyAtQuantileMS(50.0)",
};

/** Stops the parser, which turns it into its result. */
class Stop extends Error {
  readonly problem: ExpressionProblem;

  constructor({ offset, text }: Pick<Token, "offset" | "text">, message: string, hint?: string) {
    super(message);
    this.problem = { message, span: { offset, length: text.length }, ...(hint !== undefined && { hint }) };
  }
}

/**
 * Parses the `expression` of Traefik's circuitBreaker: measures compared with numbers, joined by `&&`, `||`, `!` and
 * parentheses. Beyond Traefik, a number may be written with or without a point, and `!` is taken. Never throws.
 */
export function parseBreakerExpression(text: string): ParsedExpression {
  try {
    if (text.length > MOST_LENGTH) {
      throw new Stop({ offset: 0, text }, `The expression is longer than ${MOST_LENGTH} characters`);
    }
    const cursor: Cursor = { text, token: readToken(text, 0), depth: 0 };
    if (isEnd(cursor)) {
      throw new Stop(cursor.token, "The expression is empty", "Write NetworkErrorRatio() > 0.3");
    }
    const condition = parseJoined(cursor, "||");
    if (!isEnd(cursor)) throw unexpected(cursor, "&& or ||");
    return { condition };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    const rewritten = rewrite(text);
    return {
      problem: { ...error.problem, ...(rewritten !== undefined && { hint: `Write ${rewritten}` }) },
    };
  }
}

interface Cursor {
  readonly text: string;
  token: Token;
  depth: number;
}

function readToken(text: string, from: number): Token {
  TOKEN.lastIndex = from;
  const match = TOKEN.exec(text);
  const kind = kinds.find((_, index) => match?.[index + 1] !== undefined);
  if (match === null || kind === undefined) return { kind: "end", text: "", offset: text.length };
  const found = match[kinds.indexOf(kind) + 1] ?? "";
  return { kind, text: found, offset: from + match[0].length - found.length };
}

/** Takes a token and reads the next. */
function take(cursor: Cursor): Token {
  const { token } = cursor;
  cursor.token = readToken(cursor.text, token.offset + token.text.length);
  return token;
}

const isEnd = ({ token }: Cursor): boolean => token.kind === "end";

const isSign = ({ token }: Cursor, text: string): boolean => token.kind === "sign" && token.text === text;

/** `&&` binds tighter than `||`. */
function parseJoined(cursor: Cursor, operator: "||" | "&&"): BreakerCondition {
  const rules: BreakerCondition[] = [];
  for (;;) {
    rules.push(operator === "||" ? parseJoined(cursor, "&&") : parseUnary(cursor));
    if (!isSign(cursor, operator)) break;
    take(cursor);
  }
  const [only] = rules;
  if (rules.length === 1 && only !== undefined) return only;
  return { type: operator === "||" ? "or" : "and", rules };
}

function parseUnary(cursor: Cursor): BreakerCondition {
  let isNegated = false;
  for (; isSign(cursor, "!"); take(cursor)) isNegated = !isNegated;
  const rule = isSign(cursor, "(") ? parseGroup(cursor) : parseComparison(cursor);
  return isNegated ? { type: "not", rule } : rule;
}

function parseGroup(cursor: Cursor): BreakerCondition {
  if (cursor.depth === MOST_DEPTH) throw new Stop(cursor.token, `Parentheses stand more than ${MOST_DEPTH} deep`);
  cursor.depth++;
  take(cursor);
  const rule = parseJoined(cursor, "||");
  if (!isSign(cursor, ")")) throw unexpected(cursor, "&&, || or a closing parenthesis");
  take(cursor);
  cursor.depth--;
  return rule;
}

function parseComparison(cursor: Cursor): BreakerComparison {
  const name = cursor.token;
  if (name.kind !== "name") throw unexpected(cursor, "a measure, such as NetworkErrorRatio()");
  const usage = Object.hasOwn(measures, name.text) ? measures[name.text] : undefined;
  if (usage === undefined) {
    const nearest = nearestName(name.text, Object.keys(measures));
    const hint = nearest === undefined ? `The measures are ${Object.values(measures).join(", ")}` : undefined;
    throw new Stop(name, `There is no measure ${shorten(name.text)}`, hint ?? `Did you mean ${nearest}?`);
  }
  take(cursor);
  if (!isSign(cursor, "(")) throw unexpected(cursor, `an opening parenthesis, as in ${usage}`);
  take(cursor);
  const numbers = parseNumbers(cursor);
  const operator = OPERATORS.find((one) => isSign(cursor, one));
  if (operator === undefined) throw unexpected(cursor, "a comparison, such as >");
  take(cursor);
  const value = parseNumber(cursor);
  if (cursor.token.text === "%") {
    throw new Stop(cursor.token, "A ratio is a number from 0 to 1, not a percentage", `Write ${value / 100}`);
  }
  return build(name, usage, numbers, { operator, value });
}

/** Up to the closing parenthesis. */
function parseNumbers(cursor: Cursor): number[] {
  const numbers: number[] = [];
  while (!isSign(cursor, ")")) {
    numbers.push(parseNumber(cursor));
    if (isSign(cursor, ",")) take(cursor);
    else if (!isSign(cursor, ")")) throw unexpected(cursor, "a comma or a closing parenthesis");
  }
  take(cursor);
  return numbers;
}

function parseNumber(cursor: Cursor): number {
  if (cursor.token.kind !== "number") throw unexpected(cursor, "a number");
  return Number(take(cursor).text);
}

function build(
  name: Token,
  usage: string,
  numbers: readonly number[],
  comparison: { operator: Operator; value: number },
): BreakerComparison {
  const [first = 0, second = 0, third = 0, fourth = 0] = numbers;
  const wrongCount = (count: number): Stop =>
    new Stop(
      name,
      `${name.text} takes ${count} number${count === 1 ? "" : "s"}, not ${numbers.length}`,
      `Write ${usage}`,
    );
  switch (name.text) {
    case "NetworkErrorRatio":
      if (numbers.length !== 0) throw wrongCount(0);
      return { type: "networkErrorRatio", ...comparison };
    case "LatencyAtQuantileMS":
      if (numbers.length !== 1) throw wrongCount(1);
      if (first > 100) throw new Stop(name, "A quantile is a number from 0 to 100", `Write ${usage}`);
      return { type: "latencyAtQuantile", quantile: first, ...comparison };
    default:
      if (numbers.length !== 4) throw wrongCount(4);
      if (!numbers.every(Number.isInteger)) throw new Stop(name, "Statuses are whole numbers", `Write ${usage}`);
      return {
        type: "responseCodeRatio",
        from: first,
        to: second,
        dividedByFrom: third,
        dividedByTo: fourth,
        ...comparison,
      };
  }
}

const unexpected = ({ token }: Cursor, wanted: string): Stop =>
  new Stop(token, `Expected ${wanted}, found ${token.kind === "end" ? "the end" : shorten(token.text)}`);

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);

/**
 * What someone meant who wrote measures in the way of other tools, as `Latency>1000ms && ErrorRatio>30%`; undefined when
 * that is not the fault.
 */
function rewrite(text: string): string | undefined {
  const rewritten = text
    .replace(/\bLatency(?:\(\))?\s*([<>]=?|[=!]=)\s*(\d+(?:\.\d+)?)\s*(ms|s)?\b/g, (_, operator, number, unit) => {
      const ms = Number(number) * (unit === "s" ? 1000 : 1);
      return `LatencyAtQuantileMS(50.0) ${operator} ${Math.round(ms)}`;
    })
    .replace(
      /\bErrorRat(?:io|e)(?:\(\))?\s*([<>]=?|[=!]=)\s*(\d+(?:\.\d+)?)\s*(%)?/g,
      (_, operator, number, percent) => {
        const ratio = percent === undefined ? Number(number) : Number(number) / 100;
        return `ResponseCodeRatio(500, 600, 0, 600) ${operator} ${ratio.toFixed(2)}`;
      },
    );
  if (rewritten === text || text.length > MOST_LENGTH) return undefined;
  return "condition" in parseBreakerExpression(rewritten) ? rewritten : undefined;
}
