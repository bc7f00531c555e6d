import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { Choices } from "../../relay/health/choices.ts";
import { createDialFailures } from "../../relay/origin-gateway/dial-failures.ts";
import { EndpointPools } from "../../relay/origin-gateway/endpoint-pools.ts";
import { createCounters, type Gateway } from "../../relay/origin-gateway/gateway.ts";
import { GuardSet } from "../../relay/origin-gateway/guards/guard-set.ts";
import { handleRequest } from "../../relay/origin-gateway/handle-request.ts";
import { Http1Exchange } from "../../relay/origin-gateway/http1-exchange.ts";
import { KnownHops } from "../../relay/origin-gateway/known-hops.ts";
import { createBalanceState } from "../../src/balance/balance-state.ts";
import { HOP_HEADER } from "../../src/hop/hop.ts";
import { closeAll, deadPort, hopTo, listen, ready, startPod, tableOf } from "./gateway-harness.ts";

afterAll(closeAll);

describe("a client that goes away while its token is verified", () => {
  it.each([
    ["GET", "\r\n"],
    ["POST", "content-length: 100\r\n\r\na part"],
  ])("sends no %s to a Pod, and is no failure", async (method, rest) => {
    let asked = 0;
    const pod = await startPod((_, response) => {
      asked++;
      response.end();
    });
    const table = tableOf({ app: { endpoints: ready(await deadPort(), pod) } });
    let leave: () => Promise<unknown> = async () => {};
    const gateway: Gateway = {
      source: { current: () => table },
      verifier: { verify: () => leave().then(() => true), whyRefused: () => "forged" },
      hops: new KnownHops(),
      balance: createBalanceState({ random: () => 0 }),
      failures: createDialFailures(Date.now),
      choices: new Choices({
        health: { isDown: () => false, takeDown() {} },
        now: Date.now,
        random: () => 0,
        onEjected() {},
      }),
      pools: new EndpointPools(Date.now),
      guards: new GuardSet({ now: Date.now, random: () => 0 }),
      counters: createCounters(),
      isTableLive: () => true,
      onUnknownTransport: () => expect.unreachable(),
      now: Date.now,
    };
    const server = createServer();
    const port = await listen(server);
    const requested = once(server, "request");
    const client = connect(port, "127.0.0.1");
    client.write(`${method} / HTTP/1.1\r\nhost: gateway\r\n${HOP_HEADER}: ${await hopTo("app")}\r\n${rest}`);

    const [request, response] = (await requested) as [IncomingMessage, ServerResponse];
    request.on("error", () => {});
    leave = () => {
      client.destroy();
      return once(response, "close");
    };
    await handleRequest(new Http1Exchange(request, response), gateway);
    expect(asked).toBe(0);
    expect(gateway.counters).toEqual({ ...createCounters(), requests: 1 });
    expect(gateway.pools.size).toBe(0);
  });
});
