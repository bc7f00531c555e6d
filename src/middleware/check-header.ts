import { invalid } from "./middleware-error.ts";

const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

/** Throws `MiddlewareError` when a name is not a header's (RFC 9110, section 5.1). */
export function checkHeaderName(name: string): void {
  if (!TOKEN.test(name)) throw invalid(`${JSON.stringify(name)} is not a header name`);
}

/**
 * Throws `MiddlewareError` when a field cannot be sent as it is written (RFC 9110, section 5.5): a line end in a
 * value could forge further headers. Asks the runtime too, since the runtimes differ in what they refuse.
 */
export function checkHeader(name: string, value: string): void {
  checkHeaderName(name);
  if (/[\r\n\0]/.test(value)) throw invalid(`The value of the header ${name} has a line end or a NUL`);
  try {
    new Headers([[name, value]]);
  } catch (cause) {
    throw invalid(`The header ${name} cannot have this value`, { cause });
  }
}
