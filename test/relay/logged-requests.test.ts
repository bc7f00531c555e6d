import { afterEach, describe, expect, it } from "vitest";
import { POD_HEADER } from "../../src/hop/hop.ts";
import type { MiddlewareOptions } from "../../src/table/middleware.ts";
import { closeAll, deadPort, ready, send, startGateway, startPod, tableOf } from "./gateway-harness.ts";

afterEach(closeAll);

const retry: MiddlewareOptions<"retry"> = {
  type: "retry",
  attempts: 3,
  initialIntervalMs: 0,
  timeoutMs: 0,
  status: ["500-599"],
  maxRequestBodyBytes: 1024,
  disableRetryOnNetworkError: false,
  retryNonIdempotentMethod: false,
};
const guarded = { guards: { router: "r", list: [{ middleware: "retry", key: "" }] } };
const gatewayTo = (port: number) => startGateway(tableOf({ app: { endpoints: ready(port) } }, 7, {}, { retry }));

describe("a request that the edge logs", () => {
  it("is told which Pod answered", async () => {
    const port = await startPod((_, response) => response.end("ok"));
    const { status, headers } = await send(await gatewayTo(port), "app", { hop: { logged: true } });
    expect([status, headers[POD_HEADER]]).toEqual([200, `127.0.0.1:${port} 0`]);
  });

  it("is told how often it was sent again", async () => {
    let left = 2;
    const port = await startPod((_, response) => {
      response.statusCode = left-- > 0 ? 500 : 200;
      response.end();
    });
    const { status, headers } = await send(await gatewayTo(port), "app", { hop: { logged: true, ...guarded } });
    expect([status, headers[POD_HEADER]]).toEqual([200, `127.0.0.1:${port} 2`]);
  });

  it("is told so as well when no Pod answered", async () => {
    const gateway = await gatewayTo(await deadPort());
    const { status, headers } = await send(gateway, "app", { hop: { logged: true, ...guarded } });
    expect([status, headers[POD_HEADER]]).toEqual([502, "- 2"]);
  });

  it("is told nothing by a Pod", async () => {
    const port = await startPod((_, response) => {
      response.setHeader(POD_HEADER, "203.0.113.1:80 9");
      response.end("ok");
    });
    const { rawHeaders } = await send(await gatewayTo(port), "app", { hop: { logged: true } });
    expect(rawHeaders.filter((text) => text.includes("203.0.113.1"))).toEqual([]);
  });
});

it("of other requests nothing is told", async () => {
  const port = await startPod((_, response) => response.end("ok"));
  const gateway = await gatewayTo(port);
  expect((await send(gateway, "app")).headers).not.toHaveProperty(POD_HEADER);
  expect((await send(gateway, "gone")).headers).not.toHaveProperty(POD_HEADER);
});
