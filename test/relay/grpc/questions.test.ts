import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { Metadata, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import type { Middleware, MiddlewareOptions } from "../../../src/table/middleware.ts";
import type { LoadBalancer, ServersTransport } from "../../../src/table/service.ts";
import { minimalOptions } from "../../middleware/minimal-options.ts";
import {
  callRouter,
  callTable,
  closeGrpc,
  podsOf,
  runGrpc,
  startGrpcPod,
  type TestGrpc,
  unary,
} from "./grpc-harness.ts";

const servers: http.Server[] = [];
afterEach(async () => {
  await closeGrpc();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
});

async function listen(server: http.Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

interface Asked {
  method: string | undefined;
  url: string | undefined;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** A server that lets pass who says `token: good`, and says who it is. */
function authServer(asked: Asked[], answer?: http.RequestListener, tls?: https.ServerOptions) {
  const listener: http.RequestListener = async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const { method, url, headers } = request;
    asked.push({ method, url, headers, body });
    if (answer !== undefined) return answer(request, response);
    response.statusCode = headers.token === "good" ? 200 : 403;
    response.setHeader("x-user", "alice").end("said");
  };
  return tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
}

const forwardAuth: MiddlewareOptions<"forwardAuth"> = {
  ...minimalOptions.forwardAuth,
  address: "http://auth.default.svc/verify?x=1",
  authResponseHeaders: ["X-User"],
};

interface Guard {
  middleware?: Middleware;
  ports: readonly number[];
  service?: Partial<LoadBalancer>;
  transport?: ServersTransport;
}

/** A Pod that says whom it was told of, behind a middleware that asks `auth`. */
async function guarded({ middleware = forwardAuth, ports, service, transport }: Guard): Promise<TestGrpc> {
  const pod = await startGrpcPod({
    Unary: (call: { metadata: Metadata }, callback: (error: null, value: Buffer) => void) =>
      callback(null, Buffer.from(`user ${call.metadata.get("x-user").join()}`)),
  });
  const table = callTable(
    {
      routers: [callRouter("PathPrefix(`/`)", "pods", { middlewares: ["guard"] })],
      middlewares: { guard: middleware },
      ...(transport !== undefined && { serversTransports: { auth: transport } }),
    },
    podsOf("pods", [pod.port]),
    podsOf("auth", ports, { scheme: "http", ...(transport && { serversTransport: "auth" }), ...service }),
  );
  return runGrpc(table);
}

const metadata = (token: string): Metadata => {
  const made = new Metadata();
  made.set("token", token);
  made.set("x-user", "forged");
  return made;
};

describe("what a middleware asks by itself", () => {
  test("is asked over HTTP/1.1, again and again on one connection", async () => {
    const asked: Asked[] = [];
    const auth = authServer(asked);
    let connections = 0;
    auth.on("connection", () => connections++);
    const client = (await guarded({ ports: [await listen(auth)] })).client();
    for (let time = 0; time < 3; time++) {
      expect(await unary(client, "ping", { metadata: metadata("good") })).toMatchObject({
        code: status.OK,
        value: "user alice",
      });
    }
    expect(await unary(client, "ping", { metadata: metadata("bad") })).toMatchObject({
      code: status.PERMISSION_DENIED,
    });
    expect([asked.length, connections]).toEqual([4, 1]);
    expect(asked[0]).toMatchObject({
      method: "GET",
      url: "/verify?x=1",
      headers: {
        host: "auth.default.svc",
        token: "good",
        "x-forwarded-method": "POST",
        "x-forwarded-uri": "/test.Echo/Unary",
        "x-forwarded-for": "127.0.0.1",
      },
      body: "",
    });
    expect([asked[0]?.headers.te, asked[0]?.headers["grpc-timeout"]]).toEqual([undefined, undefined]);
  });

  test("may be about the message, which the Pod gets all the same", async () => {
    const asked: Asked[] = [];
    const middleware = { ...forwardAuth, forwardBody: true, preserveRequestMethod: true };
    const client = (await guarded({ middleware, ports: [await listen(authServer(asked))] })).client();
    expect(await unary(client, "ping", { metadata: metadata("good") })).toMatchObject({ value: "user alice" });
    expect([asked[0]?.method, asked[0]?.headers["content-length"], asked[0]?.body.slice(5)]).toEqual([
      "POST",
      "9",
      "ping",
    ]);
  });

  test.each([
    [200, status.OK],
    [204, status.OK],
    [401, status.UNAUTHENTICATED],
    [403, status.PERMISSION_DENIED],
    [503, status.UNAVAILABLE],
  ])("%i of the server is the code %i, however its body comes", async (code, expected) => {
    for (const body of ["", "short", "x".repeat(200_000)]) {
      const answer: http.RequestListener = (_, response) => response.writeHead(code).end(code === 204 ? "" : body);
      const { client } = await guarded({ ports: [await listen(authServer([], answer))] });
      expect((await unary(client(), "ping")).code).toBe(expected);
    }
  });

  test("lets nobody pass who is not answered, and tries another server where one refuses", async () => {
    const asked: Asked[] = [];
    const good = await listen(authServer(asked));
    const hangUp: http.RequestListener = (request) => request.socket.destroy();
    const bad = await listen(authServer([], hangUp));
    const code = async (guard: Guard) =>
      (await unary((await guarded(guard)).client(), "ping", { metadata: metadata("good") })).code;
    expect(await code({ ports: [1, good] })).toBe(status.OK);
    expect(await code({ ports: [bad] })).toBe(status.UNAVAILABLE);
    const cut: http.RequestListener = ({ socket }, response) =>
      response.writeHead(200, { "Content-Length": 10 }).write("cut", () => socket.destroy());
    expect(await code({ ports: [await listen(authServer([], cut))] })).toBe(status.UNAVAILABLE);
    expect(await code({ ports: [1] })).toBe(status.UNAVAILABLE);
    expect(await code({ ports: [] })).toBe(status.UNAVAILABLE);
    expect(asked).toHaveLength(1);
  });

  test("is asked once more by GET where a kept connection ends as it is used, and by POST only once", async () => {
    const used = new Set<object>();
    const answer: http.RequestListener = ({ socket }, response) => {
      if (used.has(socket)) socket.destroy();
      else response.end();
      used.add(socket);
    };
    const port = await listen(authServer([], answer));
    const codes = async (middleware: Middleware) => {
      const client = (await guarded({ middleware, ports: [port] })).client();
      return [(await unary(client, "ping")).code, (await unary(client, "ping")).code];
    };
    expect(await codes(forwardAuth)).toEqual([status.OK, status.OK]);
    const telling = { ...forwardAuth, forwardBody: true, preserveRequestMethod: true };
    expect(await codes(telling)).toEqual([status.OK, status.UNAVAILABLE]);
  });

  test("is given up after the time that a server has", async () => {
    const silent = await listen(authServer([], () => {}));
    const { client } = await guarded({ ports: [silent], transport: { responseHeaderTimeoutMs: 50 } });
    expect((await unary(client(), "ping")).code).toBe(status.UNAVAILABLE);
  });

  test("is asked by TLS as its transport says", async () => {
    const pair = await makeCertificate(["auth.default.svc"], Date.now());
    const asked: Asked[] = [];
    const port = await listen(authServer(asked, undefined, pair));
    const secure = (transport: ServersTransport) => guarded({ ports: [port], service: { scheme: "https" }, transport });
    const code = async (transport: ServersTransport) =>
      (await unary((await secure(transport)).client(), "ping", { metadata: metadata("good") })).code;
    expect(await code({ serverName: "auth.default.svc", rootCAs: [pair.cert] })).toBe(status.OK);
    expect(await code({ serverName: "other.default.svc", rootCAs: [pair.cert] })).toBe(status.UNAVAILABLE);
    expect(await code({ serverName: "auth.default.svc" })).toBe(status.UNAVAILABLE);
    expect(asked).toHaveLength(1);
  });
});

test("a call itself is still not for a service of HTTP/1.1", async () => {
  const asked: Asked[] = [];
  const port = await listen(authServer(asked));
  const table = callTable(
    { routers: [callRouter("PathPrefix(`/`)", "pods")] },
    podsOf("pods", [port], { scheme: "http" }),
  );
  expect((await unary((await runGrpc(table)).client())).code).toBe(status.UNIMPLEMENTED);
  expect(asked).toEqual([]);
});
