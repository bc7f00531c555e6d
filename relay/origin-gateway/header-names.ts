import { isForwardedHeader } from "../../src/hop/forwarded-headers.ts";
import { BoundedMap } from "./bounded-map.ts";
import { isDropped } from "./hop-by-hop.ts";

/** What a header's name tells, found out once for each name. */
export interface HeaderName {
  readonly lower: string;
  /**
   * `passes`: it goes on to the next hop. `forwarded`: only the edge and trusted clients may send it. `connection`, `te`
   * and `upgrade` are about this connection, and say something; `dropped` is about it as well, or ours alone, or looks
   * like one of these.
   */
  readonly kind: "passes" | "forwarded" | "connection" | "te" | "upgrade" | "cookie" | "host" | "dropped";
}

/** Names that are remembered: more than programs use; whoever makes names up fills no memory with them. */
const MAX_NAMES = 2_000;
const MAX_LENGTH = 64;

const known = new BoundedMap<string, HeaderName>(MAX_NAMES);

/** @param name in any case */
export function headerName(name: string): HeaderName {
  const found = known.get(name);
  if (found !== undefined) return found;
  const lower = name.toLowerCase();
  const made: HeaderName = { lower, kind: kindOf(lower) };
  if (name.length <= MAX_LENGTH) known.set(name, made);
  return made;
}

function kindOf(lowerName: string): HeaderName["kind"] {
  switch (lowerName) {
    case "connection":
    case "te":
    case "upgrade":
    case "cookie":
    case "host":
      return lowerName;
  }
  if (isForwardedHeader(lowerName)) return "forwarded";
  return isDropped(lowerName) ? "dropped" : "passes";
}
