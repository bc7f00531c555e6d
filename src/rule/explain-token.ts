import type { Token } from "./read-token.ts";

const HINTS = new Map(
  Object.entries({
    "&": "Write && for `and`",
    "|": "Write || for `or`",
    ",": "Join matchers by && or ||",
    ";": "Join matchers by && or ||: Traefik 1's rules are written anew",
    ":": "Write the matcher as a call, such as Host(`example.com`): Traefik 1's rules are written anew",
    "=": "Write the matcher as a call, such as Host(`example.com`)",
    "==": "Write the matcher as a call, such as Host(`example.com`)",
    "!=": "Write !Host(`example.com`) for `not`",
    and: "Write && for `and`",
    or: "Write || for `or`",
    not: "Write ! for `not`",
    "‘": "Write strings in backticks",
    "’": "Write strings in backticks",
    "“": "Write strings in backticks",
    "”": "Write strings in backticks",
  }),
);

/** What someone may have meant by a token that does not belong where it stands. */
export function explainToken({ kind, text }: Token): string | undefined {
  if (text.startsWith("'")) return "Write strings in backticks or double quotes, not in single quotes";
  return kind === "string" ? "Put a matcher before it, such as Host(`example.com`)" : HINTS.get(text.toLowerCase());
}

/** The argument that begins at `token` as a string, for one written bare or in the wrong quotes. */
export function quoteArgument(text: string, token: Token): string | undefined {
  if (token.kind === "end" || token.kind === "operator") return explainToken(token);
  if (token.text.startsWith("'") && token.text.length > 2)
    return `Write \`${shorten(token.text.slice(1, -1))}\`, in backticks`;
  const [bare = ""] = /^[^,()`"\s]*/.exec(text.slice(token.offset)) ?? [];
  const inner = bare.replace(/^['‘’“”]+|['‘’“”]+$/g, "");
  return inner === "" ? explainToken(token) : `Write \`${shorten(inner)}\`, in backticks`;
}

const LONGEST_QUOTE = 60;

/** A piece of a rule, short enough for a message. */
export const shorten = (text: string): string =>
  text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
