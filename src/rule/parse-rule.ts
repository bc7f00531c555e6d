import type { HttpMatcher } from "../table/rule.ts";
import { matchersV2 } from "./matchers-v2.ts";
import { matchersV3 } from "./matchers-v3.ts";
import { createRuleLanguage, type ParsedRuleTree, parseRuleText } from "./parse-rule-text.ts";

export type RuleSyntax = "v3" | "v2";

export type ParsedRule = ParsedRuleTree<HttpMatcher>;

const example = "Host(`example.com`)";
const languages = { v3: createRuleLanguage(matchersV3, example), v2: createRuleLanguage(matchersV2, example) };

/** Parses the text of an HTTP rule (`parseRuleText`). */
export const parseRule = (text: string, syntax: RuleSyntax): ParsedRule => parseRuleText(text, languages[syntax]);
