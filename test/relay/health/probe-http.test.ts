import type { RequestListener } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { probeHttp } from "../../../relay/health/probe-http.ts";
import type { HealthCheck } from "../../../src/table/service.ts";
import { closeAll, deadPort, listen, scriptedPod, startPod } from "../gateway-harness.ts";
import { healthCheck } from "./health-harness.ts";

afterEach(closeAll);

const probe = (port: number, change: Partial<HealthCheck> = {}, scheme: "http" | "h2c" = "http"): Promise<void> =>
  probeHttp({
    target: { address: "127.0.0.1", authority: `127.0.0.1:${port}` },
    healthCheck: healthCheck(change),
    scheme,
    transport: undefined,
  });

const answering =
  (status: number): RequestListener =>
  (_, response) =>
    response.writeHead(status).end();

describe("a probe over HTTP passes", () => {
  it.each([200, 204, 304, 399])("with the status %d", async (status) => {
    await probe(await startPod(answering(status)));
  });

  it("with the one status that is asked for, whatever it is", async () => {
    await probe(await startPod(answering(418)), { status: 418 });
  });

  it("with what it sends as it was told to", async () => {
    const seen: unknown[] = [];
    const port = await startPod((request, response) => {
      const { method, url, headers } = request;
      seen.push({ method, url, host: headers.host, probe: headers["x-probe"], agent: headers["user-agent"] });
      response.end();
    });
    const headers = { "X-Probe": "yes", host: "other.example.com" };
    await probe(port, { method: "HEAD", path: "/live?deep=1", hostname: "app.example.com", headers });
    await probe(port, { headers: { "User-Agent": "mine" } });
    expect(seen).toEqual([
      { method: "HEAD", url: "/live?deep=1", host: "app.example.com", probe: "yes", agent: "sluice-health-check" },
      { method: "GET", url: "/healthz", host: `127.0.0.1:${port}`, probe: undefined, agent: "mine" },
    ]);
  });

  it("on another port than requests go to", async () => {
    await probe(await deadPort(), { port: await startPod(answering(200)) });
  });

  it("before the body, which nobody waits for", async () => {
    await probe(await startPod((_, response) => void response.writeHead(200).write("begun")));
  });

  it("behind redirects to the same host", async () => {
    const port = await startPod((request, response) => {
      if (request.url === "/well") response.end();
      else response.writeHead(302, { location: "/well" }).end();
    });
    await probe(port, { status: 200 });
    await probe(port, { status: 302, followRedirects: false });
    await expect(probe(port, { status: 302 })).rejects.toThrow("it answered 200");
  });

  it("over HTTP/2", async () => {
    const port = await listen(createHttp2((_, response) => response.end()) as never);
    await probe(port, {}, "h2c");
    await expect(probe(port)).rejects.toThrow();
  });
});

describe("a probe over HTTP does not pass", () => {
  it.each([400, 404, 500, 503])("with the status %d", async (status) => {
    await expect(probe(await startPod(answering(status)))).rejects.toThrow(`it answered ${status}`);
  });

  it("where a redirect leads elsewhere and another status is asked for: nobody else is asked", async () => {
    const elsewhere: string[] = [];
    const other = await startPod((request, response) => {
      elsewhere.push(request.url ?? "");
      response.end();
    });
    const port = await startPod((_, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${other}/` }).end(),
    );
    await expect(probe(port, { status: 200 })).rejects.toThrow("it answered 302");
    expect(elsewhere).toEqual([]);
  });

  it("when redirects have no end", async () => {
    let asked = 0;
    const port = await startPod((_, response) => {
      asked += 1;
      response.writeHead(302, { location: `/${asked}` }).end();
    });
    await expect(probe(port, { status: 200 })).rejects.toThrow("it answered 302");
    expect(asked).toBe(11);
  });

  it("when nobody listens", async () => {
    await expect(probe(await deadPort())).rejects.toThrow();
  });

  it("when it does not answer in time, and its connection is ended", async () => {
    const ended = Promise.withResolvers<void>();
    const { port } = await scriptedPod([(socket: Socket) => void socket.once("close", () => ended.resolve())]);
    await expect(probe(port, { timeoutMs: 30 })).rejects.toThrow("it did not answer in time");
    await ended.promise;
  });

  it.each([
    ["cut", (socket: Socket) => void socket.destroy()],
    ["garbage", (socket: Socket) => void socket.write("SSH-2.0-x\r\n\r\n")],
  ])("with an answer that is none: %s", async (_, step) => {
    const { port } = await scriptedPod([step]);
    await expect(probe(port)).rejects.toThrow();
  });

  it("when its request cannot be written down", async () => {
    await expect(probe(await startPod(answering(200)), { headers: { "bad name": "x" } })).rejects.toThrow();
  });
});

describe("a probe by the health protocol of gRPC", () => {
  const serving = Buffer.from([0, 0, 0, 0, 2, 8, 1]);

  /** A server of gRPC that answers so. */
  const startServer = (message: Buffer, grpcStatus: string): Promise<number> =>
    listen(
      createHttp2((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          const isAsked =
            request.url === "/grpc.health.v1.Health/Check" && Buffer.concat(chunks).equals(Buffer.alloc(5));
          response.writeHead(isAsked ? 200 : 500, { "content-type": "application/grpc" });
          response.addTrailers({ "grpc-status": grpcStatus });
          response.end(message);
        });
      }) as never,
    );

  it("passes when the server says that it serves, also where requests are plain HTTP", async () => {
    const port = await startServer(serving, "0");
    await probe(port, { mode: "grpc" }, "h2c");
    await probe(port, { mode: "grpc" }, "http");
  });

  it.each([
    ["it says that it does not serve", Buffer.from([0, 0, 0, 0, 2, 8, 2]), "0"],
    ["it says that it does not serve", Buffer.from([0, 0, 0, 0, 0]), "0"],
    ["it does not have the health protocol of gRPC", Buffer.alloc(0), "12"],
    ["it answered with gRPC status 14", Buffer.alloc(0), "14"],
    ["its answer is too long", Buffer.alloc(100_000), "0"],
  ])("does not pass: %s", async (message, body, status) => {
    await expect(probe(await startServer(body, status), { mode: "grpc" }, "h2c")).rejects.toThrow(message);
  });

  it("does not pass when a program of plain HTTP answers", async () => {
    await expect(probe(await startPod(answering(200)), { mode: "grpc" })).rejects.toThrow();
  });
});
