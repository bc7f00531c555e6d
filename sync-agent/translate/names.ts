import { createHash } from "node:crypto";

/** The provider part of every name that comes from Traefik's CRDs. */
const CRD_PROVIDER = "kubernetescrd";

/** Runs of anything but letters and digits become one `-`, none at the ends: the form of Traefik's names. */
export const normalizeName = (name: string): string =>
  name
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== "")
    .join("-");

/** `<namespace>-<name>`, as Traefik names middlewares, TraefikServices and ServersTransports within a provider. */
export const objectName = (namespace: string, name: string): string => normalizeName(`${namespace}-${name}`);

/** `<namespace>-<service>-<port>`, as Traefik names a Service among others. */
export const serviceName = (namespace: string, service: string, port: string | number | undefined): string =>
  normalizeName(`${namespace}-${service}-${port ?? ""}`);

/** `<namespace>-<name>-<20 hex of the rule's SHA-256>`: the name of an IngressRoute's router. */
export const routerName = (namespace: string, name: string, match: string): string =>
  normalizeName(`${namespace}-${name}-${sha256Hex(match).slice(0, 20)}`);

/** As `routerName`, of an IngressRouteTCP: Traefik does not normalize it. */
export const tcpRouterName = (namespace: string, name: string, match: string): string =>
  `${namespace}-${name}-${sha256Hex(match).slice(0, 20)}`;

/** `<namespace>-<name>-<index>`: the name of an IngressRouteUDP's router. */
export const udpRouterName = (namespace: string, name: string, index: number): string =>
  `${namespace}-${name}-${index}`;

/** `name@provider`. */
export const qualify = (name: string, provider: string = CRD_PROVIDER): string => `${name}@${provider}`;

/** `nameSUFFIX@provider`. */
export function withSuffix(name: string, suffix: string): string {
  const at = name.lastIndexOf("@");
  return at === -1 ? name + suffix : `${name.slice(0, at)}${suffix}${name.slice(at)}`;
}

/** Without its provider. */
export const localName = (name: string): string => (name.includes("@") ? name.slice(0, name.lastIndexOf("@")) : name);

export const sha256Hex = (text: string): string => createHash("sha256").update(text).digest("hex");
