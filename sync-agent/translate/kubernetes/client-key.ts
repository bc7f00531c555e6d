import type { ClientKey } from "../../../src/table/service.ts";

/** What no name of a header or cookie may hold (RFC 9110, section 5.6.2). */
const NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

/** Reads `address`, `header NAME` or `cookie NAME`; undefined for anything else. */
export function readClientKey(text: string): ClientKey | undefined {
  const [type, name, ...more] = text.trim().split(/\s+/);
  if (type === "address") return name === undefined ? { type } : undefined;
  if (name === undefined || more.length > 0 || !NAME.test(name)) return undefined;
  if (type === "header") return { type, name: name.toLowerCase() };
  return type === "cookie" ? { type, name } : undefined;
}
