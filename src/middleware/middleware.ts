import type { Handler } from "../exchange/exchange.ts";
import type { MiddlewareOptions, MiddlewareType } from "../table/middleware.ts";
import type { MiddlewareRuntime } from "./runtime.ts";

/** Puts a middleware in front of a handler. Built once when its leaf loads; runs for every request. */
export type Wrap = (next: Handler) => Handler;

/** What a middleware may ask for while it is built. */
export interface BuildContext {
  /** The name in the table of what is built. */
  readonly name: string;
  /** Builds another middleware of the table by name (chain). Throws `MiddlewareError` when there is none, or a cycle. */
  middleware(name: string): Wrap;
  /** Builds a service of the table by name (errors). */
  service(name: string): Handler;
  readonly runtime: MiddlewareRuntime;
}

/** A middleware type: one file each, registered in `registry.ts`. */
export interface MiddlewareFactory<T extends MiddlewareType> {
  readonly type: T;
  /** Compiles the options. Throws `MiddlewareError` when they cannot work: the route is then closed. */
  build(options: MiddlewareOptions<T>, context: BuildContext): Wrap;
}
