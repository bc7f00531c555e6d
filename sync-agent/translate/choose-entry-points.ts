import { suggestName } from "./nearest-name.ts";
import type { Report } from "./read-object.ts";
import type { TranslateSettings } from "./settings.ts";

/** What a router takes: requests, connections or datagrams. */
export type RouterProtocol = "http" | "tcp" | "udp";

/**
 * The entry points of a router that names these: those that exist for its protocol, each once. For none named, those
 * marked `asDefault`, or else all but `traefik`; for UDP all that take it, as in Traefik.
 */
export function chooseEntryPoints(
  named: readonly string[],
  path: readonly (string | number)[],
  settings: TranslateSettings,
  report: Report,
  protocol: RouterProtocol = "http",
): string[] {
  const known = entryPointsOf(protocol, settings);
  if (named.length === 0) {
    const chosen = defaultsOf(protocol, known, settings);
    if (chosen.length === 0) reportNone(protocol, path, report);
    return chosen;
  }
  const chosen = new Set<string>();
  for (const [index, name] of named.entries()) {
    if (known.includes(name)) chosen.add(name);
    else reportUnknown(name, [...path, index], protocol, settings, report);
  }
  return [...chosen];
}

/** The entry points that a protocol's routers can be on, in the order of the configuration. */
function entryPointsOf(protocol: RouterProtocol, { entryPoints, relayEntryPoints }: TranslateSettings): string[] {
  if (protocol === "http") return Object.keys(entryPoints);
  return Object.keys(relayEntryPoints).filter((name) => relayEntryPoints[name]?.protocol === protocol);
}

function defaultsOf(
  protocol: RouterProtocol,
  known: readonly string[],
  { entryPoints, relayEntryPoints }: TranslateSettings,
): string[] {
  if (protocol === "udp") return [...known];
  const settings: Readonly<Record<string, { asDefault?: boolean }>> =
    protocol === "http" ? entryPoints : relayEntryPoints;
  const marked = known.filter((name) => settings[name]?.asDefault);
  return marked.length > 0 ? marked : known.filter((name) => name !== "traefik");
}

function reportUnknown(
  name: string,
  path: readonly (string | number)[],
  protocol: RouterProtocol,
  settings: TranslateSettings,
  report: Report,
): void {
  const known = entryPointsOf(protocol, settings);
  const isOther = Object.hasOwn(settings.relayEntryPoints, name) || Object.hasOwn(settings.entryPoints, name);
  const hint = suggestName(name, known) ?? howToAdd(protocol);
  report({
    code: isOther ? "entry-point-protocol" : "entry-point-not-found",
    severity: "error",
    path,
    message: isOther
      ? `The entry point \`${name}\` takes ${protocol === "udp" ? "TCP" : "UDP"}, and the route is of ${protocol.toUpperCase()}`
      : `There is no entry point \`${name}\``,
    hint,
    refersTo: { kind: "EntryPoint", namespace: "", name },
  });
}

function reportNone(protocol: RouterProtocol, path: readonly (string | number)[], report: Report): void {
  report({
    code: "entry-point-not-found",
    severity: "error",
    path,
    message: `There is no entry point for ${protocol.toUpperCase()}`,
    hint: howToAdd(protocol),
  });
}

const howToAdd = (protocol: RouterProtocol): string =>
  `Add one to the static configuration: \`address: :${protocol === "udp" ? "53/udp" : "9000"}\``;
