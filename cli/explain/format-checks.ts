import type { Check } from "../../src/router/explain-match.ts";
import { type Colors, plain } from "../print/colors.ts";
import { oneLine } from "../print/one-line.ts";
import { describeMatcher, describeValue } from "./describe-matcher.ts";

interface Line {
  ok: boolean;
  text: string;
  value: string;
}

/**
 * The parts of a rule, each on a line with what the request has there.
 *
 * @param only `failed` leaves out the parts that hold
 */
export function formatChecks(check: Check, colors: Colors = plain, only: "all" | "failed" = "all"): string[] {
  const parts = check.type === "and" ? check.checks : [check];
  const lines = parts.filter(({ ok }) => only === "all" || !ok).flatMap((part) => linesOf(part, "", false));
  const width = Math.max(0, ...lines.map(({ text }) => text.length));
  return lines.map(({ ok, text, value }) => {
    const mark = ok ? colors.green("✓") : colors.red("✗");
    return `${mark} ${text.padEnd(value === "" ? 0 : width)}${value === "" ? "" : `  ${colors.dim(value)}`}`;
  });
}

/** Under a `!` what holds fails, and the other way round. */
function linesOf(check: Check, indent: string, negated: boolean): Line[] {
  const ok = check.ok !== negated;
  if (check.type === "matcher") {
    const { matcher, value } = check;
    return [
      {
        ok,
        text: `${indent}${negated ? "!" : ""}${oneLine(describeMatcher(matcher))}`,
        value: oneLine(describeValue(matcher, value)),
      },
    ];
  }
  if (check.type === "not") return check.checks.flatMap((one) => linesOf(one, indent, !negated));
  const isAll = (check.type === "and") !== negated;
  return [
    { ok, text: `${indent}${isAll ? "all of" : "one of"}`, value: "" },
    ...check.checks.flatMap((one) => linesOf(one, `${indent}  `, negated)),
  ];
}
