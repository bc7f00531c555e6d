import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type Backend, serviceManifest, startBackend } from "./backend.ts";
import { runExample } from "./run-example.ts";
import { type Running, runManifests } from "./run-manifests.ts";
import { send, servedBy, whoamiLine } from "./send.ts";

describe("timeouts-and-retry", () => {
  it("asks another Pod when one is ill, and gives up one that takes too long", async () => {
    const { ask, dev } = await runExample("timeouts-and-retry");
    expect(dev.problems()).toEqual([]);
    const host = "limits.example.com";
    expect(servedBy(await ask(host, "/orders?wait=1ms"), ["orders"])).toBe("orders");
    expect(await ask(host, "/orders?wait=30s")).toMatchObject({ status: 504, body: "Gateway Timeout" });

    await ask(host, "/health", { method: "POST", body: "503" });
    const statuses = new Set<number>();
    for (let i = 0; i < 4; i++) statuses.add((await ask(host, "/health")).status);
    expect(statuses).toEqual(new Set([200]));
    await ask(host, "/health", { method: "POST", body: "503" });
    await ask(host, "/health", { method: "POST", body: "503" });
    expect((await ask(host, "/health")).status).toBe(503);
  });
});

describe("gateway-api-filters", async () => {
  const { ask, dev } = await runExample("gateway-api-filters");
  const host = "filters.example.com";

  it("has no problems", () => {
    expect(dev.problems()).toEqual([]);
  });

  it("rewrites host and path for the Pod", async () => {
    const { body } = await ask(host, "/old/cart?a=b");
    expect(body).toContain("\nGET /new/cart?a=b HTTP/1.1\n");
    expect(whoamiLine(body, "Host")).toBe("shop.internal");
    expect(whoamiLine(body, "X-Forwarded-Host")).toBe(host);
  });

  it("sends the client elsewhere", async () => {
    const { status, headers } = await ask(host, "/docs/start?a=b");
    expect([status, headers.location]).toEqual([301, "https://docs.example.com/v2/start?a=b"]);
  });

  it("changes headers both ways, and answers while a mirror has a copy", async () => {
    const answer = await ask(host, "/api", { headers: { "X-Debug": "1", "X-Team": "forged" } });
    expect(servedBy(answer, ["shop"])).toBe("shop");
    const told = ["X-Team", "X-Version", "X-Debug"].map((name) => whoamiLine(answer.body, name));
    expect(told).toEqual(["shop", "1", undefined]);
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it("asks another Service first", async () => {
    expect(servedBy(await ask(host, "/account"), ["shop"])).toBe("shop");
  });
});

describe("session-persistence", () => {
  it("keeps a visitor with a version and a Pod by cookies", async () => {
    const { ask, dev } = await runExample("session-persistence");
    expect(dev.problems()).toEqual([]);
    const cookiesOf = (lines: string[] = []): string[] => lines.map((line) => line.split(";")[0] ?? "");
    for (let visitor = 0; visitor < 4; visitor++) {
      const first = await ask("session.example.com", "/shop");
      expect(first.headers["set-cookie"]?.map((line) => line.replace(/=\S+/, "")).sort()).toEqual([
        "shop Path=/shop; Max-Age=1800; HttpOnly",
        "shop-pod Path=/shop; Max-Age=1800; HttpOnly",
      ]);
      let cookies = cookiesOf(first.headers["set-cookie"]);
      for (let i = 0; i < 3; i++) {
        const again = await ask("session.example.com", "/shop/cart", { headers: { Cookie: cookies.join("; ") } });
        expect(whoamiLine(again.body, "Hostname")).toBe(whoamiLine(first.body, "Hostname"));
        expect(again.headers["set-cookie"]).toHaveLength(2);
        cookies = cookiesOf(again.headers["set-cookie"]);
      }
    }
  });

  it("keeps a program with a Pod by a header", async () => {
    const { ask } = await runExample("session-persistence");
    const pods = new Set<string | undefined>();
    for (let program = 0; program < 4; program++) {
      const first = await ask("session.example.com", "/api");
      const session = first.headers["x-session"];
      expect(session).toMatch(/^[0-9a-f]{16}$/);
      for (let i = 0; i < 3; i++) {
        const again = await ask("session.example.com", "/api", { headers: { "X-Session": session } });
        expect(whoamiLine(again.body, "Hostname")).toBe(whoamiLine(first.body, "Hostname"));
        expect(again.headers["x-session"]).toBe(session);
      }
      pods.add(whoamiLine(first.body, "Hostname"));
    }
    expect(pods.size).toBe(2);
  });
});

describe("the end of a request's time", () => {
  let pod: Backend;
  let silent: Backend;
  let running: Running;

  beforeAll(async () => {
    pod = await startBackend("pod", (request, response) => {
      response.writeHead(200, request.url === "/zipped" ? { "content-encoding": "gzip" } : {});
      response.write("begun");
    });
    silent = await startBackend("silent", () => {});
    running = await runManifests(
      manifests + serviceManifest("endless", [pod.port]) + serviceManifest("silent", [silent.port]),
    );
  });
  afterAll(async () => {
    await running.close();
    await Promise.all([pod.close(), silent.close()]);
  });

  it("cuts an answer that has begun", async () => {
    const paths = ["/", "/zipped"];
    const cut = paths.map((path) => send(running.url("web"), path, { host: "endless.test" }));
    for (const one of await Promise.allSettled(cut)) {
      expect(one).toMatchObject({ status: "rejected", reason: { message: "aborted" } });
    }
  });

  it("answers 504 when something else than a Pod takes the time", async () => {
    expect(await send(running.url("web"), "/", { host: "guarded.test" })).toMatchObject({
      status: 504,
      body: "Gateway Timeout",
    });
  });

  it("leaves a WebSocket alone", async () => {
    const socket = new WebSocket(running.url("web").replace("http", "ws"), { headers: { Host: "chat.test" } });
    await once(socket, "open");
    // What begins now is over after the WebSocket's time.
    await expect(send(running.url("web"), "/", { host: "endless.test" })).rejects.toThrow("aborted");
    socket.send("still here");
    expect(String((await once(socket, "message"))[0])).toBe("still here");
    socket.close();
    await once(socket, "close");
  });
});

const route = (name: string, service: string, filters = "[]"): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: main }]
  hostnames: [${name}.test]
  rules: [{ timeouts: { request: 1500ms }, filters: ${filters}, backendRefs: [{ name: ${service}, port: 80 }] }]
`;

const manifests = `---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: main }
spec:
  gatewayClassName: sluice
  listeners: [{ name: http, protocol: HTTP, port: 80 }]
${route("endless", "endless")}${route("chat", "chat")}
${route("guarded", "chat", "[{ type: ExtensionRef, extensionRef: { group: traefik.io, kind: Middleware, name: guard } }]")}---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: { name: guard }
spec: { forwardAuth: { address: "http://silent.default.svc/" } }
---
apiVersion: v1
kind: Service
metadata: { name: chat }
spec: { ports: [{ port: 80 }] }
`;
