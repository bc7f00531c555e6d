import { EventEmitter, once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants } from "node:http2";
import { connect as connectTcp } from "node:net";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { FAILURE_HEADER, type Hop } from "../../src/hop/hop.ts";
import { closeAll, deadPort, ready, startGateway, startPod, tableOf } from "./gateway-harness.ts";
import { ask, closeSessions, closing, openHttp2 as open, readAll } from "./http2-client.ts";

afterEach(closeSessions);
afterAll(closeAll);

async function gatewayTo(listener: (request: IncomingMessage, response: ServerResponse) => void) {
  return startGateway(tableOf({ app: { endpoints: ready(await startPod(listener)) } }));
}

describe("over HTTP/2", () => {
  it("requests share a connection with each other, and the port with HTTP/1.1", async () => {
    const gateway = await gatewayTo((request, response) => response.end(request.url));
    const session = open(gateway);
    const paths = Array.from({ length: 50 }, (_, i) => `/${i}`);
    const answers = await Promise.all(paths.map(async (path) => readAll(await ask(session, "app", { ":path": path }))));
    expect(answers.map(({ text }) => text)).toEqual(paths);
    const { host, port } = gateway.address;
    expect(await (await fetch(`http://${host}:${port}/ping`)).text()).toBe("OK");
    expect(gateway.stats().openRequests).toBe(0);
  });

  it("a Pod gets the request as over HTTP/1.1", async () => {
    const gateway = await gatewayTo(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.end(JSON.stringify([request.method, request.rawHeaders, Buffer.concat(chunks).toString()]));
    });
    const stream = await ask(
      open(gateway),
      "app",
      { ":method": "PUT", cookie: ["a=1", "b=2"], "x-forwarded-for": "203.0.113.9", te: "trailers" },
      { isOpen: true },
    );
    stream.write("one ");
    stream.end("two");
    const { headers, text } = await readAll(stream);
    expect(headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    const [method, lines, body] = JSON.parse(text);
    expect([method, body]).toEqual(["PUT", "one two"]);
    const pairs = (lines as string[]).flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${lines[i + 1]}`] : []));
    expect(pairs).toEqual(
      expect.arrayContaining([
        "host: app.example.com",
        "cookie: a=1; b=2",
        "x-forwarded-for: 192.0.2.1",
        "te: trailers",
      ]),
    );
    expect(pairs.filter((line) => /^(:|sluice-|cookie: a=1$|x-forwarded-for: 203)/.test(line))).toEqual([]);
  });

  it("answers without a body have none", async () => {
    const gateway = await gatewayTo((request, response) => response.writeHead(request.url === "/" ? 200 : 204).end());
    const session = open(gateway);
    expect(await readAll(await ask(session, "app", { ":method": "HEAD" }))).toMatchObject({ status: 200, text: "" });
    expect(await readAll(await ask(session, "app", { ":path": "/no" }))).toMatchObject({ status: 204, text: "" });
    expect(await readAll(await ask(session, "absent", { ":method": "HEAD" }))).toMatchObject({ status: 503 });
  });

  it("a client that waits to be told sends its body when the hop is good, and not when it is not", async () => {
    const gateway = await gatewayTo(async (request, response) => {
      request.resume().on("end", () => response.end("whole"));
    });
    const session = open(gateway);
    const headers = { ":method": "POST", expect: "100-continue" };
    const stream = await ask(session, "app", headers, { isOpen: true });
    await once(stream, "continue");
    stream.end("body");
    expect((await readAll(stream)).text).toBe("whole");

    const refused = await ask(session, "app", headers, { isOpen: true, hop: { token: "x" } });
    refused.once("continue", () => expect.fail("was told to go on"));
    expect((await readAll(refused)).status).toBe(403);
  });

  it.each<[string, Partial<Hop>, number, string]>([
    ["a bad token", { token: "x" }, 403, "unauthorized"],
    ["a token of another service", { service: "absent" }, 403, "unauthorized"],
  ])("%s is refused", async (_, hop, status, failure) => {
    const gateway = await gatewayTo((_, response) => response.end());
    const { headers } = await readAll(await ask(open(gateway), "app", {}, { hop }));
    expect([headers[":status"], headers[FAILURE_HEADER]]).toEqual([status, failure]);
  });

  it("a refused dial is told, with the body not read", async () => {
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(await deadPort()) } }));
    const stream = await ask(open(gateway), "app", { ":method": "POST" }, { isOpen: true });
    stream.write("begun");
    expect((await readAll(stream)).headers[FAILURE_HEADER]).toBe("unreachable");
  });

  it.each([
    ["another host in the target", { ":path": "http://victim.example.com/" }],
    ["a blank in the target", { ":path": "/a HTTP/1.1" }],
    ["a fragment", { ":path": "/a#b" }],
    ["CONNECT", { ":method": "CONNECT", ":authority": "victim.example.com:443" }],
  ])("%s reaches no Pod", async (_, headers) => {
    let asked = 0;
    const gateway = await gatewayTo((_, response) => {
      asked++;
      response.end();
    });
    const session = open(gateway);
    const stream = await ask(session, "app", headers);
    const status = await new Promise((resolve) => {
      stream.once("response", (answer) => resolve(answer[":status"]));
      stream.once("close", () => resolve("reset"));
    });
    expect([400, "reset"]).toContain(status);
    expect(asked).toBe(0);
    expect((await readAll(await ask(open(gateway), "app"))).status).toBe(200);
  });

  it("a body that is shorter than it said is cut for the Pod as well", async () => {
    const pods = new EventEmitter();
    const gateway = await gatewayTo((request) => {
      request.on("error", () => {});
      request.once("data", () => pods.emit("begun")).once("close", () => pods.emit("closed", request.complete));
    });
    const [begun, closed] = [once(pods, "begun"), once(pods, "closed")];
    const stream = await ask(open(gateway), "app", { ":method": "POST", "content-length": "10" }, { isOpen: true });
    stream.write("four");
    await begun;
    stream.end();
    expect(await closed).toEqual([false]);
  });
});

describe("a stream over HTTP/2", () => {
  it("goes both ways at once", async () => {
    const gateway = await gatewayTo((request, response) => request.pipe(response));
    const stream = await ask(open(gateway), "app", { ":method": "POST" }, { isOpen: true });
    stream.write("one");
    await once(stream, "response");
    expect(String((await once(stream, "data"))[0])).toBe("one");
    stream.write("two");
    expect(String((await once(stream, "data"))[0])).toBe("two");
    stream.end();
    await once(stream, "end");
  });

  it("that the client resets takes the Pod's request with it, and nobody else's", async () => {
    const pods = new EventEmitter();
    const gateway = await gatewayTo((request, response) => {
      if (request.url === "/other") return void response.end("other");
      response.once("close", () => pods.emit("closed", response.writableFinished));
      response.write("begun");
    });
    const session = open(gateway);
    const closed = once(pods, "closed");
    const stream = await ask(session, "app");
    await once(stream, "data");
    stream.close(constants.NGHTTP2_CANCEL);
    expect(await closed).toEqual([false]);
    expect((await readAll(await ask(session, "app", { ":path": "/other" }))).text).toBe("other");
  });

  it("that the Pod cuts is reset, not ended", async () => {
    const gateway = await gatewayTo((_, response) => {
      response.writeHead(200).write("begun", () => response.socket?.resetAndDestroy());
    });
    const stream = await ask(open(gateway), "app");
    await closing(stream.resume());
    expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  });

  it("waits for a client that does not read", async () => {
    const pods = new EventEmitter();
    const block = Buffer.alloc(1024 * 1024);
    const gateway = await gatewayTo((_, response) => {
      let written = 0;
      const more = (): void => {
        while (!response.writableNeedDrain && written < 64) {
          response.write(block);
          written++;
        }
        if (written >= 64) response.end();
        pods.emit("written", written);
      };
      response.on("drain", more);
      more();
    });
    const stalled = once(pods, "written");
    const stream = await ask(open(gateway), "app");
    await once(stream, "response");
    const [atFirst] = await stalled;
    // Whoever buffers the answer takes it as fast as it comes: give it many turns to do so.
    let written = atFirst as number;
    pods.on("written", (count: number) => {
      written = count;
    });
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    expect(written).toBeLessThan(32);
    let received = 0;
    for await (const chunk of stream) received += (chunk as Buffer).length;
    expect(received).toBe(64 * block.length);
  });
});

describe("closing", () => {
  it("tells a client of HTTP/2, and lets its requests finish", async () => {
    const pods = new EventEmitter();
    const gateway = await gatewayTo((_, response) => {
      pods.once("answer", () => response.end("in time"));
      pods.emit("begun");
    });
    const session = open(gateway);
    const begun = once(pods, "begun");
    const stream = await ask(session, "app");
    const answered = readAll(stream);
    await begun;
    const told = once(session, "goaway");
    const closed = gateway.close(60_000);
    await told;
    pods.emit("answer");
    expect((await answered).text).toBe("in time");
    await closed;
  });

  it("ends what is not done in time, and connections that never said anything", async () => {
    const pods = new EventEmitter();
    const gateway = await gatewayTo(() => pods.emit("begun"));
    const silent = connectTcp(gateway.address.port, gateway.address.host);
    const ended = once(silent, "close");
    const begun = once(pods, "begun");
    const stream = await ask(open(gateway), "app");
    const cut = closing(stream);
    await begun;
    await gateway.close(0);
    await Promise.all([cut, ended]);
    expect(stream.readableEnded && stream.rstCode === 0).toBe(false);
  });
});

describe("a connection that begins like HTTP/2", () => {
  it.each([
    ["and goes on otherwise", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["and breaks off", "PRI * HT"],
    ["and turns out not to be", "PRI * HTTP/2.1\r\n\r\n"],
  ])("%s is closed", async (_, bytes) => {
    const gateway = await gatewayTo((_, response) => response.end("reached"));
    const socket = connectTcp(gateway.address.port, gateway.address.host);
    socket.on("error", () => {});
    socket.end(bytes);
    await once(socket.resume(), "close");
    expect(gateway.stats().requests).toBe(0);
  });
});
