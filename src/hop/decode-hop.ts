import { EMPTY_FIELD, HOP_LAYOUT } from "./encode-hop.ts";
import type { Hop } from "./hop.ts";

const TOKEN = /^[\w.-]+$/;
const NUMBER = /^\d{1,16}$/;
const HEADER_NAMES = /^[!#$%&'*+.^`|~\w-]+(,[!#$%&'*+.^`|~\w-]+)*$/;

/**
 * Reads the value that `encodeHop` makes. Never throws.
 *
 * @returns the hop, or undefined for anything that `encodeHop` cannot have made
 */
export function decodeHop(value: string): Hop | undefined {
  const fields = value.split(" ");
  const [layout, token, service, scheme, port, clientAddress, flags, assigned, generation, host] = fields;
  if (layout !== HOP_LAYOUT || fields.length > 10) return undefined;
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

function decodeFlags(field: string | undefined): Pick<Decoded, "trusted" | "mirror"> {
  switch (field) {
    case EMPTY_FIELD:
      return { trusted: false, mirror: false };
    case "t":
      return { trusted: true, mirror: false };
    case "m":
      return { trusted: false, mirror: true };
    case "tm":
      return { trusted: true, mirror: true };
    default:
      return {};
  }
}

function decodeNames(field: string | undefined): readonly string[] | undefined {
  if (field === EMPTY_FIELD) return [];
  return field !== undefined && HEADER_NAMES.test(field) ? field.split(",") : undefined;
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
