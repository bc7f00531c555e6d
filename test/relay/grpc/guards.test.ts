import { once } from "node:events";
import { connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { credentials, Metadata, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { bareRuntime } from "../../../src/middleware/runtime.ts";
import type { Middleware } from "../../../src/table/middleware.ts";
import { certificateFor, router as tcpRouter, service as tcpService } from "../tcp/tcp-harness.ts";
import {
  allTo,
  callRouter,
  callTable,
  closeGrpc,
  eventually,
  podsOf,
  runGrpc,
  startEcho,
  unary,
} from "./grpc-harness.ts";

afterEach(closeGrpc);

/** One call through one middleware. */
async function through(middleware: Middleware | undefined, metadata = new Metadata()) {
  const pod = await startEcho();
  const table = callTable(
    {
      routers: [callRouter("PathPrefix(`/`)", "pods", { middlewares: ["guard"] })],
      middlewares: middleware === undefined ? {} : { guard: middleware },
    },
    podsOf("pods", [pod.port]),
  );
  return unary((await runGrpc(table)).client(), "ping", { metadata });
}

describe("middlewares", () => {
  test("one that lets the call pass", async () => {
    const guard: Middleware = { type: "ipAllowList", sourceRange: ["127.0.0.0/8"], rejectStatusCode: 403 };
    expect(await through(guard)).toMatchObject({ code: status.OK });
  });

  test.each([
    [401, status.UNAUTHENTICATED],
    [403, status.PERMISSION_DENIED],
    [404, status.UNIMPLEMENTED],
    [429, status.UNAVAILABLE],
    [500, status.UNAVAILABLE],
    [418, status.UNKNOWN],
  ])("a refusal with %i is the code %i", async (rejectStatusCode, code) => {
    const guard: Middleware = { type: "ipAllowList", sourceRange: ["10.0.0.0/8"], rejectStatusCode };
    expect(await through(guard)).toMatchObject({ code, value: undefined });
  });

  test("a redirect is no answer to a call", async () => {
    const guard: Middleware = { type: "redirectScheme", scheme: "https", permanent: true };
    expect((await through(guard)).code).toBe(status.UNKNOWN);
  });

  test("headers are changed on the way there and back", async () => {
    const guard: Middleware = { type: "headers", customResponseHeaders: { "x-answer": "set" } };
    const { code, metadata } = await through(guard);
    expect([code, metadata.get("x-answer")]).toEqual([status.OK, ["set"]]);
  });

  test("a middleware that is not there closes the route", async () => {
    expect(await through(undefined)).toMatchObject({ code: status.UNAVAILABLE, value: undefined });
  });

  test("what a middleware of Secrets cannot open refuses everybody", async () => {
    const guard: Middleware = { type: "basicAuth", users: "sealed", realm: "traefik", removeHeader: false };
    expect((await through(guard)).value).toBeUndefined();
  });
});

test("with the Worker's key a middleware of Secrets lets in whom it knows", async () => {
  const pod = await startEcho();
  const guard: Middleware = { type: "basicAuth", users: "sealed", realm: "traefik", removeHeader: true };
  const routers = [callRouter("PathPrefix(`/`)", "pods", { middlewares: ["guard"] })];
  const table = callTable({ routers, middlewares: { guard } }, podsOf("pods", [pod.port]));
  const users = ["ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="];
  const client = (
    await runGrpc(table, { runtime: { ...bareRuntime(), unseal: async () => JSON.stringify(users) } })
  ).client();
  const asked = async (credentialsText: string): Promise<number> => {
    const metadata = new Metadata();
    metadata.set("authorization", `Basic ${Buffer.from(credentialsText).toString("base64")}`);
    return (await unary(client, "ping", { metadata })).code;
  };
  expect(await asked("ann:password")).toBe(status.OK);
  expect(await asked("ann:guess")).toBe(status.UNAUTHENTICATED);
});

describe("routes", () => {
  test("a closed one shadows those below it", async () => {
    const pod = await startEcho();
    const table = callTable(
      {
        routers: [
          callRouter("PathPrefix(`/`)", "pods"),
          callRouter("Path(`/test.Echo/Unary`)", "pods", { closedBy: "middleware-not-found" }),
        ],
      },
      podsOf("pods", [pod.port]),
    );
    const client = (await runGrpc(table)).client();
    expect((await unary(client)).code).toBe(status.UNAVAILABLE);
  });

  test.each<[string, Parameters<typeof callRouter>]>([
    ["another method", ["Path(`/test.Echo/Other`)", "pods"]],
    ["another host", ["Host(`other.example.com`)", "pods"]],
    ["another entry point", ["PathPrefix(`/`)", "pods", { entryPoints: ["web"] }]],
    ["TLS", ["PathPrefix(`/`)", "pods", { tls: true }]],
  ])("a call that only a route of %s would take is not implemented", async (_, router) => {
    const pod = await startEcho();
    const relay = await runGrpc(callTable({ routers: [callRouter(...router)] }, podsOf("pods", [pod.port])));
    expect((await unary(relay.client())).code).toBe(status.UNIMPLEMENTED);
    await eventually(() => relay.ends).toMatchObject([{ router: undefined, code: status.UNIMPLEMENTED }]);
  });

  test("a service of HTTP/1.1 takes no calls", async () => {
    const table = callTable(
      { routers: [callRouter("PathPrefix(`/`)", "pods")] },
      podsOf("pods", [9], { scheme: "http" }),
    );
    expect((await unary((await runGrpc(table)).client())).code).toBe(status.UNIMPLEMENTED);
  });

  test("another table routes the next call", async () => {
    const [a, b] = [await startEcho("a"), await startEcho("b")];
    const relay = await runGrpc(allTo([a.port]));
    const client = relay.client();
    expect((await unary(client, "")).value).toBe("a");
    relay.take(allTo([b.port]));
    expect((await unary(client, "")).value).toBe("b");
  });
});

describe("what is no call", () => {
  test.each([
    { ":method": "GET", ":path": "/" },
    { ":method": "POST", ":path": "/", "content-type": "application/json" },
    { ":method": "POST", ":path": "/", "content-type": "application/grpc-web+proto" },
    { ":method": "GET", ":path": "/", "content-type": "application/grpc" },
  ])("%o is refused", async (headers) => {
    const pod = await startEcho();
    const relay = await runGrpc(allTo([pod.port]));
    const session = connect(`http://127.0.0.1:${relay.port}`);
    const stream = session.request(headers);
    stream.end();
    const [answer] = await once(stream, "response");
    expect(answer[":status"]).toBe(415);
    stream.resume();
    await once(stream, "close");
    session.close();
  });

  test("HTTP/1.1 gets nothing", async () => {
    const relay = await runGrpc(allTo([9]));
    const socket = connectTcp(relay.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const received: Buffer[] = [];
    socket.on("data", (chunk) => received.push(chunk));
    await once(socket, "close");
    expect(Buffer.concat(received).toString("latin1")).not.toContain("HTTP/1.1 2");
  });
});

describe("TLS", async () => {
  const own = await certificateFor("grpc.example.com");
  const tls = {
    routers: [callRouter("Host(`grpc.example.com`)", "pods", { tls: true })],
    certificates: { own },
  };
  const trusting = credentials.createSsl(Buffer.from(own.certificate));
  const named = { "grpc.ssl_target_name_override": "grpc.example.com", "grpc.default_authority": "grpc.example.com" };

  test("is ended with the certificate of the name", async () => {
    const pod = await startEcho();
    const relay = await runGrpc(callTable(tls, podsOf("pods", [pod.port])));
    const client = relay.client(named, trusting);
    expect(await unary(client)).toMatchObject({ code: status.OK, value: "ping" });
  });

  test("a route over TLS takes no plain call", async () => {
    const pod = await startEcho();
    const relay = await runGrpc(callTable(tls, podsOf("pods", [pod.port])));
    expect((await unary(relay.client({ "grpc.default_authority": "grpc.example.com" }))).code).toBe(
      status.UNIMPLEMENTED,
    );
  });

  test("a route of TCP on the same entry point goes first", async () => {
    const pod = await startEcho();
    const table = callTable(tls, podsOf("pods", [pod.port]));
    Object.assign(table, tcpService("db", [pod.port]), {
      tcpRouters: [
        { ...tcpRouter("HostSNI(`db.example.com`)", "db", { tls: { passthrough: true } }), entryPoints: ["grpc"] },
      ],
    });
    const relay = await runGrpc(table);
    const client = relay.client(named, trusting);
    expect(await unary(client)).toMatchObject({ code: status.OK });
  });
});
