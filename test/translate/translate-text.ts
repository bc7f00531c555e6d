import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { parseManifests } from "../../sync-agent/source/parse-manifests.ts";
import { defaultSettings, type TranslateSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator, type Translation } from "../../sync-agent/translate/translate.ts";

/** Objects of a YAML text; it must be sound YAML. */
export function objectsOf(text: string) {
  const { objects, problems } = parseManifests("test.yaml", text);
  const broken = problems.find(({ code }) => code === "yaml-syntax" || code === "not-an-object");
  if (broken !== undefined) throw new Error(`the test's YAML is not sound: ${broken.message}`);
  return objects.map(({ object }) => object);
}

/** Translates a YAML text from nothing. */
export function translateText(text: string, change: (settings: TranslateSettings) => void = () => {}): Translation {
  const settings = defaultSettings();
  change(settings);
  return createTranslator(settings).translate(createObjectStore(objectsOf(text)));
}

/** Problems as lines, `<severity> <code> <kind>/<name> <path>`, but for Services that have no Pods here. */
export const linesOf = ({ problems }: Pick<Translation, "problems">): string[] =>
  problems
    .filter(({ code }) => code !== "service-no-endpoints")
    .map(({ severity, code, object, path }) =>
      `${severity} ${code} ${object.kind}/${object.name} ${path.join(".")}`.trim(),
    );

/** Services with one port 80 each. */
export const services = (...names: string[]): string =>
  names
    .map((name) => `---\napiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { ports: [{ port: 80 }] }\n`)
    .join("");

/** One Traefik object; `spec` is YAML in flow or block style. */
export const traefik = (kind: string, name: string, spec: string, more = ""): string =>
  `---\napiVersion: traefik.io/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name}${more} }\nspec:\n${spec.replace(/^/gm, "  ")}\n`;
