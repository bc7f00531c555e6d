import type { TranslateSettings } from "../settings.ts";
import type { Listener } from "./read-gateway.ts";

/**
 * The usual names of the entry points behind the well-known ports, and behind those on which Traefik's chart lets them
 * listen, which a Gateway for it has to name: its entry points are known by either, as its settings say or as clients do.
 */
const usualNames: ReadonlyMap<number, string> = new Map([
  [80, "web"],
  [8000, "web"],
  [443, "websecure"],
  [8443, "websecure"],
]);

/** The entry point that takes a listener's port: one of the edge for requests, else one of the relay. */
export function findEntryPoint(
  { port, protocol }: Pick<Listener, "port" | "protocol">,
  settings: TranslateSettings,
): string | undefined {
  const entryPoints = entryPointsOf(protocol, settings);
  const found = Object.keys(entryPoints).find((name) => entryPoints[name]?.port === port);
  if (found !== undefined) return found;
  const usual = usualNames.get(port);
  return usual !== undefined && Object.hasOwn(entryPoints, usual) ? usual : undefined;
}

/** The ports of the entry points that listeners of a protocol can have, by their names. */
export function entryPointsOf(
  protocol: string,
  { entryPoints, relayEntryPoints }: TranslateSettings,
): Readonly<Record<string, { port: number }>> {
  if (protocol !== "TCP" && protocol !== "TLS" && protocol !== "UDP") return entryPoints;
  const wanted = protocol === "UDP" ? "udp" : "tcp";
  return Object.fromEntries(Object.entries(relayEntryPoints).filter(([, one]) => one.protocol === wanted));
}
