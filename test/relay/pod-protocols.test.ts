import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type CertificatePair, makeCertificate } from "../../cli/dev/make-certificate.ts";
import { FAILURE_HEADER, HOP_HEADER } from "../../src/hop/hop.ts";
import type { ServersTransport } from "../../src/table/service.ts";
import { closeAll, deadPort, hopTo, linesOf, listen, ready, send, startGateway, tableOf } from "./gateway-harness.ts";

afterAll(closeAll);

let forName: CertificatePair;
let forAddress: CertificatePair;
let client: CertificatePair;
beforeAll(async () => {
  [forName, forAddress, client] = await Promise.all([
    makeCertificate(["pod.internal"], Date.now()),
    makeCertificate(["127.0.0.1"], Date.now()),
    makeCertificate(["client"], Date.now()),
  ]);
});

describe("https to a Pod", () => {
  /** Tells the name that was asked for, and who asked. */
  async function tlsPod(pair: CertificatePair, ca?: string): Promise<number> {
    const server = createTlsServer({ ...pair, requestCert: ca !== undefined, ...(ca !== undefined && { ca }) });
    server.on("request", (request, response) => {
      const { servername, authorized } = request.socket as TLSSocket;
      response.end(`${servername || null} ${authorized}`);
    });
    return listen(server);
  }
  const gatewayTo = (port: number, transport: ServersTransport) =>
    startGateway(
      tableOf({ app: { scheme: "https", endpoints: ready(port), serversTransport: "t" } }, 7, { t: transport }),
    );

  it.each<[string, () => ServersTransport, () => CertificatePair, string]>([
    [
      "a root and a name",
      () => ({ rootCAs: [forName.cert], serverName: "pod.internal" }),
      () => forName,
      "pod.internal",
    ],
    ["a root, for the address", () => ({ rootCAs: [forAddress.cert] }), () => forAddress, "null"],
    ["no check at all", () => ({ insecureSkipVerify: true }), () => forName, "null"],
  ])("is trusted by %s", async (_, transport, pair, name) => {
    const gateway = await gatewayTo(await tlsPod(pair()), transport());
    for (const host of ["a.example.com", "b.example.com"]) {
      const { status, text } = await send(gateway, "app", { hop: { host } });
      expect([status, text.split(" ")[0]]).toEqual([200, name]);
    }
  });

  it.each<[string, () => ServersTransport]>([
    ["an unknown root", () => ({ serverName: "pod.internal" })],
    ["another name", () => ({ rootCAs: [forName.cert], serverName: "other.internal" })],
    ["the client's Host where the address should be", () => ({ rootCAs: [forName.cert] })],
    [
      "a root that is no certificate",
      () => ({ rootCAs: ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"] }),
    ],
  ])("is refused for %s", async (_, transport) => {
    const gateway = await gatewayTo(await tlsPod(forName), transport());
    const { headers } = await send(gateway, "app", { hop: { host: "pod.internal" } });
    expect(headers[FAILURE_HEADER]).toBe("unreachable");
  });

  it.each<[string, ServersTransport, string | undefined]>([
    ["the Pod's own", {}, "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256"],
    [
      "the suite that is asked for",
      { cipherSuites: ["ECDHE-ECDSA-AES256-GCM-SHA384"] },
      "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384",
    ],
    ["no version below the least", { minTlsVersion: "TLSv1.3" }, undefined],
    ["no version above the highest", { maxTlsVersion: "TLSv1.1" }, undefined],
    ["no suite that the Pod does not have", { cipherSuites: ["AES256-SHA"] }, undefined],
  ])("speaks %s", async (_, transport, spoken) => {
    const ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
    const server = createTlsServer({ ...forName, maxVersion: "TLSv1.2", ciphers, honorCipherOrder: true });
    server.on("tlsClientError", (__, socket) => socket.destroy());
    server.on("request", ({ socket }, response) => {
      const encrypted = socket as TLSSocket;
      response.end(`${encrypted.getProtocol()} ${encrypted.getCipher().name}`);
    });
    const gateway = await gatewayTo(await listen(server), { ...transport, insecureSkipVerify: true });
    const { headers, text } = await send(gateway, "app");
    if (spoken === undefined) expect(headers[FAILURE_HEADER]).toBe("unreachable");
    else expect(text).toBe(spoken);
  });

  it("shows the transport's certificate", async () => {
    const port = await tlsPod(forAddress, client.cert);
    const own = { certificates: [{ certificate: client.cert, key: client.key }], insecureSkipVerify: true };
    expect((await send(await gatewayTo(port, own), "app")).text).toBe("null true");
    expect((await send(await gatewayTo(port, { insecureSkipVerify: true }), "app")).status).toBe(502);
  });

  it("takes another transport's settings with the next table, for new requests", async () => {
    const table = (transport: ServersTransport) =>
      tableOf({ app: { scheme: "https", endpoints: ready(port), serversTransport: "t" } }, 7, { t: transport });
    const port = await tlsPod(forName);
    const gateway = await startGateway(table({ insecureSkipVerify: true }));
    expect((await send(gateway, "app")).status).toBe(200);
    gateway.setTable(table({}));
    expect((await send(gateway, "app")).status).toBe(502);
  });
});

describe("HTTP/2 to a Pod, without TLS", () => {
  it("carries requests and answers", async () => {
    const server = createHttp2Server((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        response.setHeader("set-cookie", ["a=1", "b=2"]);
        response.statusCode = 201;
        response.end(
          JSON.stringify({
            version: request.httpVersion,
            method: request.method,
            path: request.url,
            authority: request.headers[":authority"],
            for: request.headers["x-forwarded-for"],
            internal: request.headers[HOP_HEADER],
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
    });
    const port = await listen(server);
    const gateway = await startGateway(tableOf({ app: { scheme: "h2c", endpoints: ready(await deadPort(), port) } }));
    for (let i = 0; i < 3; i++) {
      const answer = await send(gateway, "app", {
        method: "POST",
        path: "/a?b",
        body: [Buffer.from("one "), Buffer.from("two")],
      });
      expect(answer.status).toBe(201);
      expect(linesOf(answer.rawHeaders, "set-cookie")).toEqual(["a=1", "b=2"]);
      expect(JSON.parse(answer.text)).toEqual({
        version: "2.0",
        method: "POST",
        path: "/a?b",
        authority: "app.example.com",
        for: "192.0.2.1",
        body: "one two",
      });
    }
    const empty = await send(gateway, "app", { method: "HEAD" });
    expect([empty.status, empty.text]).toEqual([201, ""]);
    await gateway.close(0);
  });

  it("leaves WebSockets to HTTP/1.1", async () => {
    const sockets = new WebSocketServer({ noServer: true });
    const server = createServer();
    server.on("upgrade", (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (ws) => ws.on("message", (data) => ws.send(String(data)))),
    );
    const gateway = await startGateway(tableOf({ app: { scheme: "h2c", endpoints: ready(await listen(server)) } }));
    const { host, port } = gateway.address;
    const socket = new WebSocket(`ws://${host}:${port}/`, { headers: { [HOP_HEADER]: await hopTo("app") } });
    await once(socket, "open");
    socket.send("hello");
    expect(String((await once(socket, "message"))[0])).toBe("hello");
    socket.terminate();
  });
});

describe("idle connections", () => {
  /** Counts connections; answers when so many requests wait. */
  async function countingPod(together = 1) {
    const events = new EventEmitter();
    let opened = 0;
    let open = 0;
    const waiting: Socket[] = [];
    const server = createTcpServer((socket) => {
      opened++;
      open++;
      socket.on("error", () => {});
      socket.once("close", () => {
        open--;
        events.emit("closed");
      });
      socket.on("data", () => {
        waiting.push(socket);
        if (waiting.length < together) return;
        for (const one of waiting.splice(0)) one.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      });
    });
    return { port: await listen(server), events, opened: () => opened, open: () => open };
  }
  const table = (port: number, transport: ServersTransport) =>
    tableOf({ app: { endpoints: ready(port), serversTransport: "t" } }, 7, { t: transport });

  it("are used again", async () => {
    const pod = await countingPod();
    const gateway = await startGateway(table(pod.port, {}));
    for (let i = 0; i < 5; i++) await send(gateway, "app");
    expect(pod.opened()).toBe(1);
  });

  it.each([
    ["the limit", 1, 1],
    ["Go's default for 0", 0, 2],
    ["none when it is negative", -1, 0],
  ])("are kept up to %s", async (_, maxIdleConnsPerHost, kept) => {
    const pod = await countingPod(4);
    const gateway = await startGateway(table(pod.port, { maxIdleConnsPerHost }));
    await Promise.all([1, 2, 3, 4].map(() => send(gateway, "app")));
    expect(pod.opened()).toBe(4);
    await expect.poll(() => pod.open()).toBe(kept);
  });

  it("to a Pod that terminates are closed", async () => {
    const pod = await countingPod();
    const gateway = await startGateway(table(pod.port, {}));
    await send(gateway, "app");
    const closed = once(pod.events, "closed");
    const { endpoints, ...rest } = table(pod.port, {});
    gateway.setTable({
      ...rest,
      endpoints: { app: { endpoints: [{ address: "127.0.0.1", port: pod.port, state: "terminating" }] } },
    });
    await closed;
    expect((await send(gateway, "app")).status).toBe(200);
  });
});
