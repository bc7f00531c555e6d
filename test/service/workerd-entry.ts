import { createBalanceState } from "../../src/balance/balance-state.ts";
import { createExchange } from "../../src/exchange/create-exchange.ts";
import { createGatewaySend } from "../../src/origin/gateway.ts";
import type { FixedLength } from "../../src/origin/known-length.ts";
import type { OriginFetch } from "../../src/origin/origin-fetch.ts";
import { compileServices } from "../../src/service/compile-services.ts";
import type { Service } from "../../src/table/service.ts";

interface Env {
  ORIGIN: { fetch: OriginFetch };
  /** Services of the table, as JSON. */
  SERVICES: string;
}

declare const FixedLengthStream: new (length: number) => ReturnType<FixedLength>;

const counted: string[] = [];

/** A Worker that answers `/<service>/...` by that service of the table in its binding, and `/counted` by its counts. */
export default {
  async fetch(request: Request, env: Env, ctx: { waitUntil(work: Promise<unknown>): void }): Promise<Response> {
    const [, name = ""] = new URL(request.url).pathname.split("/");
    if (name === "counted") return Response.json(counted.splice(0));
    const service = compileServices(JSON.parse(env.SERVICES) as Record<string, Service>, {
      balance: createBalanceState({ random: () => 0 }),
      gateway: createGatewaySend({
        fetcher: env.ORIGIN,
        signer: { sign: () => "a.b.c" },
        pointer: () => undefined,
        onPointer: (pointer) => counted.push(`generation ${pointer.generation}`),
      }),
      direct: () => Promise.reject(new Error("not used")),
      middleware: (middleware) => {
        throw new Error(`no ${middleware}`);
      },
      count: (event, counter) => counted.push(`${event} ${counter}`),
      report: () => {},
      startTimer(callback, ms) {
        const timer = setTimeout(callback, new URL(request.url).searchParams.has("hurry") ? 20 : ms);
        return () => clearTimeout(timer);
      },
      fixedLength: (length) => new FixedLengthStream(length),
    });
    return service(name).handle(
      createExchange({
        request,
        scheme: "http",
        entryPoint: "web",
        host: "app.test",
        path: new URL(request.url).pathname,
        query: "",
        client: { address: "127.0.0.1", trusted: false },
        endpoints: () => ({ endpoints: [{ address: "10.0.0.1", port: 80, state: "ready" }] }),
        waitUntil: (work) => ctx.waitUntil(work),
      }),
    );
  },
};
