import type { RuleSyntax } from "../../../src/rule/parse-rule.ts";
import type { ParsedRuleTree } from "../../../src/rule/parse-rule-text.ts";
import type { RuleTree } from "../../../src/table/rule.ts";
import type { Place } from "./context.ts";

/** The rule of a route of Traefik's kinds. Undefined when it does not parse; whatever is wrong is reported. */
export function readRule<Leaf>(
  { match, syntax = "" }: { match: string; syntax?: string | undefined },
  { path, report }: Place,
  parse: (text: string, syntax: RuleSyntax) => ParsedRuleTree<Leaf>,
): RuleTree<Leaf> | undefined {
  if (!["", "v2", "v3"].includes(syntax)) {
    const message = `There is no rule syntax \`${syntax}\`; the rule is read as v3`;
    report({ code: "invalid-field", severity: "warning", path: [...path, "syntax"], message, hint: "It is v3 or v2" });
  }
  const parsed = parse(match, syntax === "v2" ? "v2" : "v3");
  const found = "error" in parsed ? [parsed.error] : parsed.warnings;
  for (const { code, message, hint, offset, length } of found) {
    report({
      code,
      severity: "error" in parsed ? "error" : "warning",
      path: [...path, "match"],
      span: { offset, length },
      message,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  return "error" in parsed ? undefined : parsed.rule;
}
