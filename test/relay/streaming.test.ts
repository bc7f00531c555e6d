import { createHash, randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { Agent, type IncomingMessage, type ServerResponse } from "node:http";
import { afterAll, describe, expect, it } from "vitest";
import { closeAll, open, read, ready, send, startGateway, startPod, tableOf } from "./gateway-harness.ts";

afterAll(closeAll);

const MEBIBYTE = 1024 * 1024;
const block = randomBytes(MEBIBYTE);
const SIZE = 50 * MEBIBYTE;
/** What sockets and streams between two ends may hold; far less than is sent. */
const MAX_IN_FLIGHT = 32 * MEBIBYTE;

async function gatewayTo(listener: (request: IncomingMessage, response: ServerResponse) => void) {
  return startGateway(tableOf({ app: { endpoints: ready(await startPod(listener)) } }));
}

function* blocks() {
  for (let sent = 0; sent < SIZE; sent += block.length) yield block;
}
const expectedHash = (() => {
  const hash = createHash("sha256");
  for (const chunk of blocks()) hash.update(chunk);
  return hash.digest("hex");
})();
async function hashOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest("hex");
}

/** Writes until the other side has had enough for so long that nothing moves any more. */
async function writeUntilStalled(stream: NodeJS.WritableStream & { writableNeedDrain: boolean }, turns = 200) {
  let written = 0;
  for (let stalled = 0; stalled < turns && written < SIZE; ) {
    if (stream.writableNeedDrain) {
      stalled++;
      await new Promise(setImmediate);
    } else {
      stalled = 0;
      stream.write(block);
      written += block.length;
    }
  }
  return written;
}

describe("50 MiB", () => {
  it("go up whole", async () => {
    const gateway = await gatewayTo(async (request, response) => response.end(await hashOf(request)));
    expect((await send(gateway, "app", { method: "POST", body: blocks() })).text).toBe(expectedHash);
  });

  it("come down whole", async () => {
    const gateway = await gatewayTo(async (_, response) => {
      for (const chunk of blocks()) if (!response.write(chunk)) await once(response, "drain");
      response.end();
    });
    const request = await open(gateway, "app");
    const response = once(request, "response");
    request.end();
    expect(await hashOf((await response)[0])).toBe(expectedHash);
  });

  it("wait for a client that does not read", async () => {
    const pods = new EventEmitter();
    const gateway = await gatewayTo(async (_, response) => {
      pods.emit("stalled", await writeUntilStalled(response));
      response.end();
    });
    const stalled = once(pods, "stalled");
    const request = await open(gateway, "app");
    const response = once(request, "response");
    request.end();
    const [answer] = (await response) as [IncomingMessage];
    const [written] = (await stalled) as [number];
    expect(written).toBeLessThan(MAX_IN_FLIGHT);
    let received = 0;
    for await (const chunk of answer) received += (chunk as Buffer).length;
    expect(received).toBe(written);
  });

  it("wait for a Pod that does not read", async () => {
    const gateway = await gatewayTo((request, response) => {
      request.once("close", () => response.destroy());
    });
    const request = await open(gateway, "app", { method: "POST", headers: ["transfer-encoding", "chunked"] });
    request.on("error", () => {});
    expect(await writeUntilStalled(request)).toBeLessThan(MAX_IN_FLIGHT);
    request.destroy();
  });
});

describe("a stream", () => {
  it("of events shows its headers before the first event, and each event before the next", async () => {
    const pods = new EventEmitter();
    const gateway = await gatewayTo((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      pods.on("event", (text: string) => response.write(`data: ${text}\n\n`));
      pods.once("end", () => response.end());
    });
    const request = await open(gateway, "app");
    const response = once(request, "response");
    request.end();
    const [answer] = (await response) as [IncomingMessage];
    for (const text of ["one", "two"]) {
      pods.emit("event", text);
      const [chunk] = (await once(answer, "data")) as [Buffer];
      expect(chunk.toString()).toBe(`data: ${text}\n\n`);
    }
    pods.emit("end");
    await once(answer, "end");
  });

  it("goes both ways at once", async () => {
    const gateway = await gatewayTo((request, response) => request.pipe(response));
    const request = await open(gateway, "app", { method: "POST", headers: ["transfer-encoding", "chunked"] });
    const response = once(request, "response");
    request.write("one");
    const [answer] = (await response) as [IncomingMessage];
    expect(String((await once(answer, "data"))[0])).toBe("one");
    request.write("two");
    expect(String((await once(answer, "data"))[0])).toBe("two");
    request.end();
    await once(answer, "end");
  });

  it.each([
    ["with a length", { "content-length": "100" }],
    ["in chunks", {}],
  ])("that the Pod cuts is cut for the client: %s", async (_, headers) => {
    const gateway = await gatewayTo((_, response) => {
      response.writeHead(200, headers).write("begun", () => response.socket?.resetAndDestroy());
    });
    await expect(send(gateway, "app")).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  it("that the Pod ends by closing is whole", async () => {
    const gateway = await gatewayTo((_, response) => {
      response.socket?.end("HTTP/1.1 200 OK\r\n\r\nwhole");
    });
    expect((await send(gateway, "app")).text).toBe("whole");
  });
});

describe("a client that goes away", () => {
  it.each([
    ["while its request goes up", "POST", ["content-length", "100"]],
    ["while it waits", "GET", []],
  ])("%s takes the Pod's request with it", async (_, method, headers) => {
    const pods = new EventEmitter();
    const gateway = await gatewayTo((request, response) => {
      request.on("error", () => {});
      response.once("close", () => pods.emit("closed", response.writableFinished));
      request.once("data", () => pods.emit("begun"));
      if (method === "GET") pods.emit("begun");
    });
    const begun = once(pods, "begun");
    const closed = once(pods, "closed");
    const request = await open(gateway, "app", { method, headers });
    request.on("error", () => {});
    if (method === "POST") request.write("a part");
    else request.end();
    await begun;
    request.destroy();
    expect(await closed).toEqual([false]);
  });

  it("in the middle of the answer ends it", async () => {
    const pods = new EventEmitter();
    const gateway = await gatewayTo((_, response) => {
      response.once("close", () => pods.emit("closed", response.writableFinished));
      response.write("begun");
    });
    const closed = once(pods, "closed");
    const request = await open(gateway, "app");
    request.on("error", () => {});
    const response = once(request, "response");
    request.end();
    const [answer] = (await response) as [IncomingMessage];
    answer.on("error", () => {});
    await once(answer, "data");
    request.destroy();
    expect(await closed).toEqual([false]);
  });
});

describe("a Pod that answers before it has read the request", () => {
  it("is heard, and the client's connection goes on", async () => {
    let first = true;
    const gateway = await gatewayTo((_, response) => {
      if (first) response.writeHead(413).end("too large");
      else response.end("next");
      first = false;
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const answer = await send(gateway, "app", { method: "POST", body: Buffer.alloc(8 * MEBIBYTE), agent });
    expect(answer).toMatchObject({ status: 413, text: "too large" });
    expect((await send(gateway, "app", { agent })).text).toBe("next");
    agent.destroy();
  });

  it("gets no other over the connection on which the rest is missing", async () => {
    const sockets = new Set<unknown>();
    const gateway = await gatewayTo((request, response) => {
      sockets.add(request.socket);
      response.end(request.method);
    });
    const upload = await open(gateway, "app", { method: "POST", headers: ["transfer-encoding", "chunked"] });
    upload.on("error", () => {}).write("begun");
    const [response] = (await once(upload, "response")) as [IncomingMessage];
    expect((await read(response)).text).toBe("POST");
    expect((await send(gateway, "app")).text).toBe("GET");
    expect(sockets.size).toBe(2);
    upload.destroy();
  });
});

describe("closing", () => {
  it("lets a request finish that is under way, and takes no other", async () => {
    const pods = new EventEmitter();
    const gateway = await gatewayTo((_, response) => {
      pods.once("answer", () => response.end("in time"));
      pods.emit("begun");
    });
    const agent = new Agent({ keepAlive: true });
    const begun = once(pods, "begun");
    const answered = send(gateway, "app", { agent });
    await begun;
    const closed = gateway.close(60_000);
    pods.emit("answer");
    expect((await answered).text).toBe("in time");
    await closed;
    await expect(send(gateway, "app")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    agent.destroy();
  });

  it("ends what is not done in time", async () => {
    const pods = new EventEmitter();
    const gateway = await gatewayTo(() => pods.emit("begun"));
    const begun = once(pods, "begun");
    const answered = expect(send(gateway, "app")).rejects.toMatchObject({ code: "ECONNRESET" });
    await begun;
    await gateway.close(0);
    await answered;
  });
});
