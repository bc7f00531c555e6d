import { EMPTY_FIELD, GUARDED_LAYOUT, HOP_LAYOUT } from "./encode-hop.ts";
import type { Hop, HopGuard, HopGuards } from "./hop.ts";

const TOKEN = /^[\w.-]+$/;
const NUMBER = /^\d{1,16}$/;
/** The field of the guards stands behind the generation. */
const GUARDS_AT = 9;
const HEADER_NAMES = /^[!#$%&'*+.^`|~\w-]+(,[!#$%&'*+.^`|~\w-]+)*$/;

/**
 * Reads the value that `encodeHop` makes. Never throws.
 *
 * @returns the hop, or undefined for anything that `encodeHop` cannot have made
 */
export function decodeHop(value: string): Hop | undefined {
  const fields = value.split(" ");
  const isGuarded = fields[0] === GUARDED_LAYOUT;
  if (!isGuarded && fields[0] !== HOP_LAYOUT) return undefined;
  const [packedGuards] = isGuarded ? fields.splice(GUARDS_AT, 1) : [];
  const [, token, service, scheme, port, clientAddress, flags, assigned, generation, host] = fields;
  if (fields.length > 10) return undefined;
  const guards = packedGuards === undefined ? undefined : decodeGuards(packedGuards);
  if (isGuarded && guards === undefined) return undefined;
  if (token === undefined || !TOKEN.test(token)) return undefined;
  if (scheme !== "http" && scheme !== "https") return undefined;
  const hop: Decoded = {
    token,
    service: decodeField(service),
    scheme,
    port: decodeNumber(port, 65_535),
    clientAddress: decodeField(clientAddress),
    ...decodeFlags(flags),
    assigned: decodeNames(assigned),
    generation: decodeNumber(generation, Number.MAX_SAFE_INTEGER),
    ...(guards !== undefined && { guards }),
    host: host === undefined ? "" : host === "" ? undefined : unescapeField(host),
  };
  return isComplete(hop) ? hop : undefined;
}

type Decoded = { [K in keyof Hop]?: Hop[K] | undefined };

const isComplete = (hop: Decoded): hop is Hop =>
  hop.service !== undefined &&
  hop.port !== undefined &&
  hop.clientAddress !== undefined &&
  hop.trusted !== undefined &&
  hop.assigned !== undefined &&
  hop.generation !== undefined &&
  hop.host !== undefined;

function decodeFlags(field: string | undefined): Pick<Decoded, "trusted" | "mirror" | "logged"> {
  if (field === EMPTY_FIELD) return { trusted: false, mirror: false };
  if (!field || !/^t?m?l?$/.test(field)) return {};
  return {
    trusted: field.includes("t"),
    mirror: field.includes("m"),
    ...(field.includes("l") && { logged: true }),
  };
}

function decodeNames(field: string | undefined): readonly string[] | undefined {
  if (field === EMPTY_FIELD) return [];
  return field !== undefined && HEADER_NAMES.test(field) ? field.split(",") : undefined;
}

function decodeGuards(field: string): HopGuards | undefined {
  const [router, ...packed] = field.split(";");
  const name = router === undefined ? undefined : unescapeField(router);
  const list = packed.map(decodeGuard).filter((guard) => guard !== undefined);
  return name === undefined || list.length === 0 || list.length < packed.length ? undefined : { router: name, list };
}

function decodeGuard(packed: string): HopGuard | undefined {
  const [name = "", value, ...more] = packed.split("=");
  const middleware = unescapeField(name);
  const key = unescapeField(value ?? "");
  return !middleware || key === undefined || value === "" || more.length > 0 ? undefined : { middleware, key };
}

function decodeNumber(field: string | undefined, max: number): number | undefined {
  if (field === undefined || !NUMBER.test(field)) return undefined;
  const number = Number(field);
  return number <= max ? number : undefined;
}

function decodeField(field: string | undefined): string | undefined {
  if (field === EMPTY_FIELD) return "";
  return field === undefined || field === "" ? undefined : unescapeField(field);
}

function unescapeField(field: string): string | undefined {
  if (!field.includes("%")) return field;
  try {
    return decodeURIComponent(field);
  } catch {
    return undefined;
  }
}
