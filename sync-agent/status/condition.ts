import * as z from "zod/mini";

/** A condition without its time (https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#condition-v1-meta). */
export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  /** CamelCase, for programs. */
  reason: string;
  /** For people; at most 32,768 characters. */
  message: string;
  /** The `metadata.generation` that it is about. */
  observedGeneration: number;
}

interface TimedCondition extends Condition {
  /** RFC 3339, to the second. */
  lastTransitionTime: string;
}

const knownSchema = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string(),
  message: z.string(),
  observedGeneration: z.optional(z.number()),
  lastTransitionTime: z.string(),
});

/** Gateway API holds lists of conditions to this many. */
const MOST_CONDITIONS = 8;

/**
 * The list of conditions that takes the place of `current`. Conditions of types other than `own` belong to others and
 * stay as and where they are; of its own types those that are not wanted any more go. The time of a condition changes
 * with its status only.
 *
 * @returns undefined when `current` already tells of a later generation: what is wanted is out of date
 */
export function mergeConditions(
  current: unknown,
  wanted: readonly Condition[],
  own: ReadonlySet<string>,
  now: string,
): unknown[] | undefined {
  const list: readonly unknown[] = Array.isArray(current) ? current : [];
  const open = new Map(wanted.map((condition) => [condition.type, condition]));
  const merged: unknown[] = [];
  for (const element of list) {
    const type = typeOf(element);
    if (type === undefined || !own.has(type)) {
      merged.push(element);
      continue;
    }
    const condition = open.get(type);
    if (condition === undefined) continue;
    open.delete(type);
    const known = z.safeParse(knownSchema, element).data;
    if ((known?.observedGeneration ?? 0) > condition.observedGeneration) return undefined;
    merged.push(isSame(known, condition) ? element : withTime(condition, known, now));
  }
  for (const condition of open.values()) merged.push(withTime(condition, undefined, now));
  return merged.slice(0, MOST_CONDITIONS);
}

function isSame(known: z.infer<typeof knownSchema> | undefined, wanted: Condition): boolean {
  return (
    known !== undefined &&
    known.status === wanted.status &&
    known.reason === wanted.reason &&
    known.message === wanted.message &&
    known.observedGeneration === wanted.observedGeneration
  );
}

const withTime = (wanted: Condition, known: z.infer<typeof knownSchema> | undefined, now: string): TimedCondition => ({
  ...wanted,
  lastTransitionTime: known?.status === wanted.status ? known.lastTransitionTime : now,
});

function typeOf(element: unknown): string | undefined {
  const type: unknown = typeof element === "object" && element !== null ? Reflect.get(element, "type") : undefined;
  return typeof type === "string" ? type : undefined;
}
