import { suggestName } from "./nearest-name.ts";
import type { Report } from "./read-object.ts";
import type { TranslateSettings } from "./settings.ts";

/**
 * The entry points of a router that names these: those that exist, each once; for none named, those marked
 * `asDefault`, or else all but `traefik`, as in Traefik.
 */
export function chooseEntryPoints(
  named: readonly string[],
  path: readonly (string | number)[],
  { entryPoints }: TranslateSettings,
  report: Report,
): string[] {
  const known = Object.keys(entryPoints);
  if (named.length === 0) {
    const marked = known.filter((name) => entryPoints[name]?.asDefault);
    return marked.length > 0 ? marked : known.filter((name) => name !== "traefik");
  }
  const chosen = new Set<string>();
  for (const [index, name] of named.entries()) {
    if (Object.hasOwn(entryPoints, name)) {
      chosen.add(name);
      continue;
    }
    const hint = suggestName(name, known);
    report({
      code: "entry-point-not-found",
      severity: "error",
      path: [...path, index],
      message: `There is no entry point \`${name}\``,
      ...(hint === undefined ? {} : { hint }),
      refersTo: { kind: "EntryPoint", namespace: "", name },
    });
  }
  return [...chosen];
}
