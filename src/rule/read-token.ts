import { type Span, syntaxError } from "./rule-problem.ts";
import { unquoteGoString } from "./unquote-go-string.ts";

export type Token = Span & { text: string } & (
    | { kind: "name" | "operator" | "unknown" | "end" }
    | { kind: "string"; value: string }
  );

/** White space, and the comments that Go allows. */
const SKIPPED = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const NAME = /[\p{L}_][\p{L}\p{Nd}_]*/uy;
const OPERATOR = /&&|\|\||[!(),]/y;
const RAW_STRING = /`[^`]*`/y;
const QUOTED_STRING = /"(?:[^"\\\n]|\\.)*"/y;
/** What people write by mistake, taken as one so that the message can name it whole. */
const MISTAKE = /[=!<>]=|'(?:[^'\\\n]|\\.)*'|[\s\S]/uy;

/**
 * The token that begins at `from` or after the white space there; tokens are Go's, as Traefik reads rules by Go's
 * expression parser. Throws `RuleError` for a string that does not end or holds a wrong escape.
 */
export function readToken(text: string, from: number): Token {
  const offset = from + matchAt(SKIPPED, text, from).length;
  if (offset >= text.length) return { kind: "end", text: "", offset: text.length, length: 0 };
  const operator = text.startsWith("!=", offset) ? "" : matchAt(OPERATOR, text, offset);
  if (operator !== "") return { kind: "operator", text: operator, offset, length: operator.length };
  const name = matchAt(NAME, text, offset);
  if (name !== "") return { kind: "name", text: name, offset, length: name.length };
  if (text[offset] === "`" || text[offset] === '"') return readString(text, offset);
  const mistake = matchAt(MISTAKE, text, offset);
  return { kind: "unknown", text: mistake, offset, length: mistake.length };
}

function readString(text: string, offset: number): Token {
  const raw = text[offset] === "`";
  const literal = matchAt(raw ? RAW_STRING : QUOTED_STRING, text, offset);
  if (literal === "") {
    const quote = raw ? "backtick" : "double quote";
    throw syntaxError({ offset, length: text.length - offset }, `The string that begins here has no closing ${quote}`);
  }
  const unquoted = unquoteGoString(literal);
  if ("badEscape" in unquoted) {
    const { offset: inside, length } = unquoted.badEscape;
    throw syntaxError(
      { offset: offset + inside, length },
      `${literal.slice(inside, inside + length)} is not an escape of a double-quoted string`,
      "Write the string in backticks, where a backslash is plain, or double the backslash",
    );
  }
  return { kind: "string", value: unquoted.value, text: literal, offset, length: literal.length };
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}
