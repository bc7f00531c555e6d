/**
 * `unknown-middleware`: the table has none of this name. `middleware-cycle`: a chain contains itself.
 * `middleware-invalid`: the options cannot work.
 */
export type MiddlewareErrorCode = "unknown-middleware" | "middleware-cycle" | "middleware-invalid";

/** Why a middleware cannot be built. A route that needs it is closed. */
export class MiddlewareError extends Error {
  override readonly name = "MiddlewareError";
  readonly code: MiddlewareErrorCode;

  constructor(code: MiddlewareErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Options that cannot work. */
export const invalid = (message: string, options?: ErrorOptions): MiddlewareError =>
  new MiddlewareError("middleware-invalid", message, options);
