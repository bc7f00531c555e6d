import type * as z from "zod/mini";
import type { RuleTree } from "./rule.ts";

/**
 * A rule of what this program can read of a rule: it matches at least what the whole one does, since what cannot be
 * read (a matcher, an operator, a field of theirs) is taken to match.
 *
 * @returns undefined where nothing bounds it
 */
export function widenRule<Leaf>(schema: z.ZodMiniType<RuleTree<Leaf>>, value: unknown): RuleTree<Leaf> | undefined {
  const whole = schema.safeParse(value);
  if (whole.success) return whole.data;
  if (!isJoined(value)) return undefined;
  const children = value.rules.map((child) => widenRule(schema, child));
  const readable = children.filter((child) => child !== undefined);
  if (value.type === "or") return readable.length === children.length ? { type: "or", rules: readable } : undefined;
  return readable.length === 0 ? undefined : { type: "and", rules: readable };
}

interface Joined {
  type: "and" | "or";
  rules: readonly unknown[];
}

/** Whether a value is such a node and nothing more: a field more may turn its meaning round. */
const isJoined = (value: unknown): value is Joined =>
  typeof value === "object" &&
  value !== null &&
  Object.keys(value).length === 2 &&
  "type" in value &&
  (value.type === "and" || value.type === "or") &&
  "rules" in value &&
  Array.isArray(value.rules);
