import { parseRule } from "../../src/rule/parse-rule.ts";
import type { Router } from "../../src/table/router.ts";

/** A router with this rule, as that of an IngressRoute `default/app`. */
export function parseHostRule(text: string): Router {
  const parsed = parseRule(text, "v3");
  if (!("rule" in parsed)) throw new Error(`the test's rule does not parse: ${text}`);
  return {
    name: `${text}@kubernetescrd`,
    entryPoints: ["websecure"],
    tls: true,
    rule: parsed.rule,
    ruleText: text,
    priority: text.length,
    tieBreaker: "1 ~ default/app IngressRoute 00000",
    middlewares: [],
    service: "app@kubernetescrd",
  };
}
