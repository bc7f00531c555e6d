import { createAccessRecord } from "../../src/access-log/access-record.ts";
import type { Handler } from "../../src/exchange/exchange.ts";
import type { Wrap } from "../../src/middleware/middleware.ts";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import { bareRuntime, type MiddlewareRuntime } from "../../src/middleware/runtime.ts";
import { createUnseal } from "../../src/seal/create-unseal.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import { seal } from "../../sync-agent/translate/seal.ts";
import { exchangeOf, type Sent } from "./run-middleware.ts";

const key = new Uint8Array(32).fill(7);

/** Sealed as the agent does it, for `testRuntime`. */
export const sealed = (value: unknown): string => seal(typeof value === "string" ? value : JSON.stringify(value), key);

export const testRuntime = (more: Partial<MiddlewareRuntime> = {}): MiddlewareRuntime => ({
  ...bareRuntime(),
  unseal: createUnseal(Buffer.from(key).toString("base64")),
  ...more,
});

/** One middleware, kept over many requests. */
export function guard(options: Middleware, runtime: MiddlewareRuntime = testRuntime(), service?: Handler) {
  const noService: Handler = () => Promise.reject(new Error("no service"));
  const wrap: Wrap = buildMiddlewares({ it: options }, () => service ?? noService, runtime)("it");
  return async (sent: Sent) => {
    const access = createAccessRecord();
    const exchange = exchangeOf(sent, access);
    let origin: Record<string, string> | undefined;
    const response = await wrap(async ({ headers }) => {
      origin = Object.fromEntries(headers.current);
      return new Response("origin");
    })(exchange);
    return { status: response.status, response, origin, user: access.user };
  };
}
