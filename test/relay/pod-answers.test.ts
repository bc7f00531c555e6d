import { EventEmitter, once } from "node:events";
import type { Socket } from "node:net";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FAILURE_HEADER } from "../../src/hop/hop.ts";
import {
  answerOk,
  closeAll,
  open,
  read,
  ready,
  scriptedPod,
  send,
  startGateway,
  startPod,
  tableOf,
} from "./gateway-harness.ts";

afterAll(closeAll);

describe("a Pod that closes the connection without an answer", () => {
  it("is asked again on a new one when the connection was kept from earlier", async () => {
    const pod = await scriptedPod([answerOk, (socket) => socket.destroy(), answerOk]);
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod.port) } }));
    expect((await send(gateway, "app")).text).toBe("ok");
    expect((await send(gateway, "app")).text).toBe("ok");
    expect([pod.requests(), pod.connections()]).toEqual([3, 2]);
  });

  it("between two requests is not noticed", async () => {
    const pod = await scriptedPod([(socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), answerOk]);
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod.port) } }));
    expect((await send(gateway, "app")).text).toBe("ok");
    expect((await send(gateway, "app", { method: "POST", body: "x" })).text).toBe("ok");
  });

  it.each([
    ["the connection was new", [(socket: Socket) => socket.destroy()], {}, 0],
    [
      "the new connection ends so too",
      [answerOk, (socket: Socket) => socket.destroy(), (socket: Socket) => socket.destroy()],
      {},
      1,
    ],
    ["the request is not idempotent", [answerOk, (socket: Socket) => socket.destroy()], { method: "POST" }, 1],
    ["the request had a body", [answerOk, (socket: Socket) => socket.destroy()], { method: "PUT", body: "x" }, 1],
    ["the answer had begun", [answerOk, (socket: Socket) => socket.end("HTTP/1.1 2")], {}, 1],
  ])("is not asked again when %s", async (_, steps, sent, before) => {
    const pod = await scriptedPod([...steps, answerOk, answerOk]);
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod.port) } }));
    for (let i = 0; i < before; i++) await send(gateway, "app");
    const got = await send(gateway, "app", sent);
    expect(got).toMatchObject({ status: 502, text: "Bad Gateway" });
    expect(got.headers[FAILURE_HEADER]).toBe("broken");
    expect(pod.requests()).toBe(steps.length);
  });
});

describe("a Pod's answer", () => {
  describe("has a time limit", () => {
    const hasty = { hasty: { responseHeaderTimeoutMs: 5_000 } };
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    it("after which the client gets 504", async () => {
      const requests = new EventEmitter();
      const port = await startPod((request) => {
        request.resume();
        request.once("end", () => requests.emit("whole"));
      });
      const gateway = await startGateway(
        tableOf({ app: { endpoints: ready(port), serversTransport: "hasty" } }, 7, hasty),
      );
      const whole = once(requests, "whole");
      const answered = send(gateway, "app", { method: "POST", body: "x" });
      await whole;
      vi.advanceTimersByTime(5_000);
      const got = await answered;
      expect(got).toMatchObject({ status: 504, text: "Gateway Timeout" });
      expect(got.headers[FAILURE_HEADER]).toBe("timeout");
    });

    it("of its own when it is a mirror's", async () => {
      const requests = new EventEmitter();
      const port = await startPod(() => requests.emit("asked"));
      const gateway = await startGateway(tableOf({ app: { endpoints: ready(port) } }));
      const asked = once(requests, "asked");
      const answered = send(gateway, "app", { hop: { mirror: true } });
      await asked;
      vi.advanceTimersByTime(25_000);
      expect(await answered).toMatchObject({ status: 504 });
    });

    it("which begins when the request is whole", async () => {
      const requests = new EventEmitter();
      const port = await startPod((request, response) => {
        request.once("data", () => requests.emit("data"));
        request.once("end", () => response.end("whole"));
      });
      const gateway = await startGateway(
        tableOf({ app: { endpoints: ready(port), serversTransport: "hasty" } }, 7, hasty),
      );
      const data = once(requests, "data");
      const request = await open(gateway, "app", { method: "POST", headers: ["content-length", "2"] });
      const response = once(request, "response");
      request.write("a");
      await data;
      vi.advanceTimersByTime(60_000);
      request.end("b");
      expect((await read((await response)[0])).text).toBe("whole");
    });
  });

  it.each([
    ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
    ["a length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    [
      "a change of protocol that nobody asked for",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    ],
  ])("of %s is 502", async (_, bytes) => {
    const pod = await scriptedPod([(socket) => socket.end(bytes)]);
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod.port) } }));
    expect((await send(gateway, "app")).headers[FAILURE_HEADER]).toBe("broken");
  });

  it("may have hints before it", async () => {
    const pod = await scriptedPod([
      (socket) => {
        socket.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        answerOk(socket);
      },
    ]);
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod.port) } }));
    expect(await send(gateway, "app")).toMatchObject({ status: 200, text: "ok" });
  });
});
