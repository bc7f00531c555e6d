import { MiddlewareError } from "./middleware-error.ts";

/** A token (RFC 9110, section 5.6.2). */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What a field value never holds: it would end the line, or the header section. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const NOT_IN_VALUE = /[\u0000\r\n]/;

/** Refuses a header that could not be sent as it is written. Throws `MiddlewareError`. */
export function checkHeaderText(name: string, value: string): void {
  if (!NAME.test(name)) {
    throw new MiddlewareError("invalid-options", `${JSON.stringify(name)} is not the name of a header`);
  }
  if (NOT_IN_VALUE.test(value)) {
    throw new MiddlewareError("invalid-options", `the value of header ${name} holds a line break or NUL`);
  }
}
