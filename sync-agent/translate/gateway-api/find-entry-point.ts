import type { TranslateSettings } from "../settings.ts";

/** The usual names of the entry points behind the well-known ports: Traefik's chart lets them listen on 8000 and 8443. */
const usualNames: ReadonlyMap<number, string> = new Map([
  [80, "web"],
  [443, "websecure"],
]);

/** The entry point that takes a listener's port. */
export function findEntryPoint(port: number, { entryPoints }: TranslateSettings): string | undefined {
  const found = Object.keys(entryPoints).find((name) => entryPoints[name]?.port === port);
  if (found !== undefined) return found;
  const usual = usualNames.get(port);
  return usual !== undefined && Object.hasOwn(entryPoints, usual) ? usual : undefined;
}
