/**
 * `unknown-middleware`: the table has none of this name. `middleware-cycle`: a chain contains itself.
 * `middleware-invalid`: the options cannot work.
 */
export type MiddlewareErrorCode = "unknown-middleware" | "middleware-cycle" | "middleware-invalid";

/** Why a middleware cannot be built. A route that needs it is closed. */
export class MiddlewareError extends Error {
  override readonly name = "MiddlewareError";
  readonly code: MiddlewareErrorCode;
  /** Its name in the table. */
  readonly middleware: string | undefined;

  constructor(code: MiddlewareErrorCode, message: string, options?: ErrorOptions & { middleware?: string }) {
    super(message, options);
    this.code = code;
    this.middleware = options?.middleware;
  }
}

/** Options that cannot work. */
export const invalid = (message: string, options?: ErrorOptions): MiddlewareError =>
  new MiddlewareError("middleware-invalid", message, options);

/** An error of a middleware's own factory, with the middleware's name; one that names its middleware stays. */
export function nameMiddleware(middleware: string, cause: unknown): MiddlewareError {
  if (cause instanceof MiddlewareError && cause.middleware !== undefined) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `The middleware ${middleware} cannot be built: ${reason}`;
  return new MiddlewareError("middleware-invalid", message, { cause, middleware });
}
