import { invalid } from "./middleware-error.ts";

/** A quoted string (RFC 9110, section 5.6.4). Throws `MiddlewareError` for what cannot stand in a header. */
export function quoteParameter(text: string): string {
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) throw invalid(`${JSON.stringify(text)} cannot stand in a header`);
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
