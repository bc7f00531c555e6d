import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Refusal } from "../../relay/origin-gateway/gateway.ts";
import { FAILURE_HEADER, HOP_HEADER, POINTER_HEADER } from "../../src/hop/hop.ts";
import {
  closeAll,
  hopTo,
  listen,
  read,
  ready,
  send,
  signer,
  startGateway,
  startPod,
  type TestGateway,
  tableOf,
} from "./gateway-harness.ts";

afterAll(closeAll);

let gateway: TestGateway;
let reached = 0;
beforeAll(async () => {
  const pod = createServer({ maxHeaderSize: 200_000 }, (_, response) => {
    reached++;
    response.end("reached");
  });
  const port = await listen(pod);
  gateway = await startGateway({
    ...tableOf({ app: { endpoints: ready(port) }, other: { endpoints: ready(port) }, empty: { endpoints: [] } }),
  });
});

async function ask(headers: string[], path = "/") {
  const { host, port } = gateway.address;
  const request = httpRequest({ host, port, path, agent: false, headers: ["host", "gateway.internal", ...headers] });
  const response = once(request, "response");
  request.end();
  return read((await response)[0]);
}

describe("a hop is refused", () => {
  it.each<[string, Refusal, () => Promise<string> | string]>([
    ["without a token", "forged", () => hopTo("app", { token: "x" })],
    [
      "for another service than its token's",
      "other-service",
      async () => hopTo("app", { token: await signer().sign("other") }),
    ],
    [
      "with a token of the past",
      "expired",
      async () => hopTo("app", { token: await signer(() => Date.now() - 600_000).sign("app") }),
    ],
    [
      "with a token of the future",
      "early",
      async () => hopTo("app", { token: await signer(() => Date.now() + 600_000).sign("app") }),
    ],
    [
      "with a token of an unknown key",
      "forged",
      async () => hopTo("app", { token: await signer(Date.now, "k2").sign("app") }),
    ],
    [
      "with a token without its signature",
      "forged",
      async () => hopTo("app", { token: `${(await signer().sign("app")).split(".", 2).join(".")}.` }),
    ],
    ["that is cut", "no-hop", async () => (await hopTo("app")).slice(0, -40)],
    ["of another layout", "no-hop", async () => (await hopTo("app")).replace(/^1 /, "2 ")],
    ["that comes twice", "no-hop", async () => `${await hopTo("app")}, ${await hopTo("app")}`],
  ])("%s, and counted as %s", async (_, reason, hop) => {
    const { unauthorized, refused } = gateway.stats();
    const reachedBefore = reached;
    const packed = await hop();
    // The second time the verdict is known.
    for (let times = 1; times <= 2; times++) {
      const answer = await ask([HOP_HEADER, packed]);
      expect(answer).toMatchObject({ status: 403, text: "Forbidden" });
      expect(answer.headers[FAILURE_HEADER]).toBe("unauthorized");
      expect(answer.headers[POINTER_HEADER]).toBeUndefined();
      const stats = gateway.stats();
      expect(stats.unauthorized).toBe(unauthorized + times);
      expect(stats.refused).toEqual({ ...refused, [reason]: refused[reason] + times });
    }
    expect(reached).toBe(reachedBefore);
  });

  it("when there is none", async () => {
    expect((await ask([])).headers[FAILURE_HEADER]).toBe("unauthorized");
  });
});

describe("a genuine hop", () => {
  it("passes", async () => {
    expect(await ask([HOP_HEADER, await hopTo("app")])).toMatchObject({ status: 200, text: "reached" });
  });

  it.each([
    ["a service that is not there", "absent", "unknown-service"],
    ["a name of every object", "constructor", "unknown-service"],
    ["a service that is no load balancer", "split", "unknown-service"],
    ["a service whose endpoints are not there", "lost", "no-endpoint"],
    ["a service without endpoints", "empty", "no-endpoint"],
  ])("to %s is answered 503", async (_, service, failure) => {
    const port = await startPod((_, response) => response.end());
    const table = tableOf({ app: { endpoints: ready(port) }, lost: { endpoints: [] }, empty: { endpoints: [] } });
    const { lost: __, ...endpoints } = table.endpoints;
    const own = await startGateway({
      ...table,
      endpoints,
      services: { ...table.services, split: { type: "weighted", children: [{ service: "app", weight: 1 }] } },
    });
    const answer = await send(own, service);
    expect(answer).toMatchObject({ status: 503, text: "no available server" });
    expect(answer.headers[FAILURE_HEADER]).toBe(failure);
    expect(own.stats().refused["unknown-service"]).toBe(failure === "unknown-service" ? 1 : 0);
  });

  it("is answered 503 before there is a table", async () => {
    const own = await startGateway(undefined);
    expect((await send(own, "app")).headers[FAILURE_HEADER]).toBe("unknown-service");
  });
});

describe("the gateway's port", () => {
  it("answers a ping without a hop, and only that", async () => {
    expect(await ask([], "/ping")).toMatchObject({ status: 200, text: "OK" });
    expect((await ask([HOP_HEADER, await hopTo("app")], "/ping")).text).toBe("reached");
    expect((await ask([], "/ping?x")).status).toBe(403);
  });

  it.each([
    ["two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
    [
      "a length and chunks",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["a folded header", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"],
    ["no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"],
  ])("refuses %s", async (_, bytes) => {
    const socket = connect(gateway.address.port, gateway.address.host);
    socket.end(bytes, "latin1");
    let answer = "";
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("takes headers of more than 64 KiB", async () => {
    expect((await send(gateway, "app", { headers: ["x-large", "a".repeat(100_000)] })).text).toBe("reached");
  });
});
