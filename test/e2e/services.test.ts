import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, routeManifest, serviceManifest, startBackend } from "./backend.ts";
import { type Running, runManifests } from "./run-manifests.ts";
import { send } from "./send.ts";

/** The rest of an answer of the streaming Pod comes when this resolves. */
let release = Promise.withResolvers<void>();
let running: Running;
let pods: Record<"streaming" | "plain" | "failing" | "spare" | "bad", Backend>;

beforeAll(async () => {
  const [streaming, plain, failing, spare, bad] = await Promise.all([
    startBackend("streaming", async (_, response) => {
      response.write("first");
      await release.promise;
      response.end("second");
    }),
    startBackend("plain"),
    startBackend("failing", (request, response) => {
      if (request.url === "/cut") request.socket.destroy();
      else response.writeHead(503).end("failing");
    }),
    startBackend("spare", (_, response, body) => response.end(`spare got ${body}`)),
    startBackend("bad", (_, response) => response.writeHead(500).end("bad")),
  ]);
  pods = { streaming, plain, failing, spare, bad };
  const flushed = (interval: string): string =>
    routeManifest(`f${interval.replace("-", "")}-${interval.length}`, `Host(\`f${interval}.test\`)`, [
      `{ name: streaming, port: 80, responseForwarding: { flushInterval: ${interval} } }`,
    ]);
  const checked = "{ name: mixed, port: 80, passiveHealthCheck: { maxFailedAttempts: 2, failureWindow: 10m } }";
  running = await runManifests(
    [
      ...["100ms", "-1ms", "10s"].map(flushed),
      routeManifest("kept", "Host(`kept.test`)", ["{ name: plain, port: 80 }"]),
      routeManifest("own", "Host(`own.test`)", ["{ name: plain, port: 80, passHostHeader: false }"]),
      routeManifest("both", "Host(`both.test`)", ["{ name: both, kind: TraefikService }"]),
      routeManifest("checked", "Host(`checked.test`)", [checked]),
      `---
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: { name: both }
spec:
  failover:
    service: { name: failing, port: 80 }
    fallback: { name: spare, port: 80 }
    errors: { status: ["500-599"], maxRequestBodyBytes: 1024 }
`,
      serviceManifest("mixed", [bad.port, plain.port]),
      ...["streaming", "plain", "failing", "spare"].map((name) =>
        serviceManifest(name, [pods[name as keyof typeof pods].port]),
      ),
    ].join(""),
  );
});
afterAll(() => Promise.all([running, ...Object.values(pods)].map((one) => one.close())));

describe("what a service's fields come to, from the edge to the Pod", () => {
  it("all of them are read", () => expect(running.problems()).toEqual([]));

  it.each(["100ms", "-1ms", "10s"])(
    "flushInterval %s: each part of an answer comes when the Pod has sent it",
    async (interval) => {
      release = Promise.withResolvers();
      const request = http.get(running.url("web"), { headers: { Host: `f${interval}.test` }, agent: false });
      const [response] = (await once(request, "response")) as [IncomingMessage];
      const [first] = (await once(response, "data")) as [Buffer];
      expect(first.toString()).toBe("first");
      release.resolve();
      const [second] = (await once(response, "data")) as [Buffer];
      expect(second.toString()).toBe("second");
    },
  );

  it("passHostHeader: the Pod is asked for the client's Host, or for its own address", async () => {
    const { plain } = pods;
    for (const host of ["kept.test", "own.test"]) await send(running.url("web"), "/", { host });
    expect(plain.requests.map(({ headers }) => [headers.host, headers["x-forwarded-host"]])).toEqual([
      ["kept.test", "kept.test"],
      [`127.0.0.1:${plain.port}`, "own.test"],
    ]);
  });

  it("failover.errors: a body goes to the fallback as well, and a failure of the Pod is one of the statuses", async () => {
    const post = (path: string, body: string) =>
      send(running.url("web"), path, { host: "both.test", method: "POST", body });
    expect((await post("/", "hello")).body).toBe("spare got hello");
    expect((await post("/cut", "hello")).body).toBe("spare got hello");
    const long = await post("/", "x".repeat(5_000));
    expect([long.status, long.body]).toEqual([503, "failing"]);
    expect(pods.failing.requests.at(-1)?.body.length).toBe(5_000);
  });

  it("passiveHealthCheck: a Pod that fails is left out", async () => {
    const answers: string[] = [];
    for (let i = 0; i < 10; i++) answers.push((await send(running.url("web"), "/", { host: "checked.test" })).body);
    expect(answers.filter((answer) => answer === "bad")).toHaveLength(2);
  });
});
