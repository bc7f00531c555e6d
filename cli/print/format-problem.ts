import type { Location } from "../../sync-agent/source/locate.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import { type Colors, plain } from "./colors.ts";
import { oneLine } from "./one-line.ts";

/** A problem with all that a person needs to mend it. */
export interface PrintableProblem {
  code: Problem["code"];
  severity: Problem["severity"];
  message: string;
  hint?: string;
  /** The object, as `IngressRoute default/app`. */
  subject?: string;
  /** The field of the object, as `spec.routes[0].match`. */
  field?: string;
  location?: Location;
}

/** A problem as compilers print them: what, where, the line with a caret below, and what to do. Ends without a newline. */
export function formatProblem(problem: PrintableProblem, colors: Colors = plain): string {
  const paint = { error: colors.red, warning: colors.yellow, notice: colors.cyan }[problem.severity];
  const { location, hint } = problem;
  const subject = oneLine([problem.subject, problem.field].filter(Boolean).join(": "));
  const gutter = " ".repeat(location ? String(location.line).length : 1);
  const lines = [
    `${paint(colors.bold(`${problem.severity}[${problem.code}]`))}${colors.bold(`: ${oneLine(problem.message)}`)}`,
  ];
  if (location) {
    const where = `${location.file}:${location.line}:${location.column}`;
    lines.push(`${gutter}${colors.blue("-->")} ${where}${subject ? `  ${colors.dim(subject)}` : ""}`);
    lines.push(...quoteLine(location, gutter, paint, colors));
  } else if (subject) {
    lines.push(`${gutter}${colors.blue("-->")} ${subject}`);
  }
  if (hint) lines.push(`${gutter} ${colors.blue("=")} ${colors.bold("hint")}: ${oneLine(hint)}`);
  return lines.join("\n");
}

const MAX_WIDTH = 120;

function quoteLine(location: Location, gutter: string, paint: (text: string) => string, colors: Colors): string[] {
  if (location.text === undefined || location.text.trim() === "") return [];
  const { text, column } = cut(location.text, location.column);
  const before = text.slice(0, column - 1).replace(/[^\t]/gu, " ");
  const carets = "^".repeat(Math.max(1, Math.min(location.length ?? 1, text.length - column + 1)));
  const bar = colors.blue("|");
  return [
    `${gutter} ${bar}`,
    `${colors.blue(`${location.line} |`)} ${text}`,
    `${gutter} ${bar} ${before}${paint(carets)}`,
  ];
}

/** A very long line is shown from a little before what is meant. */
function cut(text: string, column: number): { text: string; column: number } {
  const clean = text.trimEnd().replace(/\p{Cc}/gu, (control) => (control === "\t" ? control : "\u{fffd}"));
  if (clean.length <= MAX_WIDTH) return { text: clean, column };
  const from = Math.max(0, Math.min(column - 1 - 40, clean.length - MAX_WIDTH));
  const end = from + MAX_WIDTH;
  const head = from > 0 ? "…" : "";
  return {
    text: `${head}${clean.slice(from, end)}${end < clean.length ? "…" : ""}`,
    column: column - from + head.length,
  };
}

/** Names a problem over edits that move it to another line, so that only new ones are printed again. */
export const problemKey = ({ code, subject, message, location }: PrintableProblem): string =>
  JSON.stringify([code, subject, message, location?.file, location?.text?.trim()]);
