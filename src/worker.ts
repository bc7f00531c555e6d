import { WorkerEntrypoint } from "cloudflare:workers";
import { handleAdmin } from "./edge/handle-admin.ts";
import { handleRequest, type Listener } from "./edge/handle-request.ts";
import { getIsolate } from "./edge/isolate.ts";
import type { Env } from "./env.ts";

export { Beacon } from "./beacon/beacon.ts";
export { RateLimiter } from "./rate-limit/rate-limiter.ts";

/** In production one address takes every entry point: scheme and port tell which. */
export default {
  fetch: (request, env, ctx) => answer(request, env, ctx),
} satisfies ExportedHandler<Env>;

/** Locally each entry point has a socket of its own: `sluice dev` exports one of these for each. */
export function entryPoint(name: string, tls: boolean) {
  return class extends WorkerEntrypoint<Env> {
    override fetch(request: Request): Promise<Response> {
      return answer(request, this.env, this.ctx, { entryPoint: name, tls });
    }
  };
}

async function answer(request: Request, env: Env, ctx: ExecutionContext, listener?: Listener): Promise<Response> {
  const isolate = getIsolate(env);
  return handleAdmin(request, isolate) ?? handleRequest(request, isolate, listener, (work) => ctx.waitUntil(work));
}
