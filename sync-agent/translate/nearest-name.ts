import { nearestName } from "../../src/rule/nearest-name.ts";

export { nearestName };

/** The hint for an unknown name: the nearest known one, else all of them when they are few. */
export function suggestName(name: string, known: readonly string[]): string | undefined {
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return `Did you mean \`${nearest}\`?`;
  if (known.length === 0 || known.length > 12) return undefined;
  return `There ${known.length === 1 ? "is" : "are"} ${known.map((one) => `\`${one}\``).join(", ")}`;
}
