import { afterEach, describe, expect, it } from "vitest";
import { type Probe, probeEndpoint } from "../../../relay/streams/probe-endpoint.ts";
import { certificateFor, closeAll, freePort, startPod, startTlsPod } from "../tcp/tcp-harness.ts";

afterEach(closeAll);

const probeOf = (port: number, healthCheck: Partial<Probe["healthCheck"]> = {}, more: Partial<Probe> = {}): Probe => ({
  target: { address: "127.0.0.1", authority: `127.0.0.1:${port}`, isTerminating: false },
  healthCheck: { intervalMs: 1_000, timeoutMs: 2_000, ...healthCheck },
  loadBalancer: {},
  transport: undefined,
  ...more,
});

/** A Redis of a kind. */
const pong = (): Promise<number> =>
  startPod((socket) => socket.on("data", (chunk) => socket.write(String(chunk) === "PING\r\n" ? "+PONG\r\n" : "-ERR")));

describe("an endpoint passes", () => {
  it("when it can be connected to", async () => {
    await expect(probeEndpoint(probeOf(await startPod(() => {})))).resolves.toBeUndefined();
  });

  it("when it answers as it should", async () => {
    const probe = probeOf(await pong(), { send: "PING\r\n", expect: "+PONG" });
    await expect(probeEndpoint(probe)).resolves.toBeUndefined();
  });

  it("when it speaks first, in pieces", async () => {
    const port = await startPod((socket) => {
      socket.write("22");
      setImmediate(() => socket.write("0 ready"));
    });
    await expect(probeEndpoint(probeOf(port, { expect: "220 " }))).resolves.toBeUndefined();
  });

  it("at another port", async () => {
    const probe = probeOf(await freePort(), { port: await startPod(() => {}) });
    await expect(probeEndpoint(probe)).resolves.toBeUndefined();
  });

  it("over TLS, where connections to it are", async () => {
    const certificate = await certificateFor("db");
    const port = await startTlsPod(certificate, (socket) => socket.end("ready"));
    const transport = { insecureSkipVerify: true };
    const probe = probeOf(port, { expect: "ready" }, { loadBalancer: { tls: true }, transport });
    await expect(probeEndpoint(probe)).resolves.toBeUndefined();
  });

  it.each([
    [1, "PROXY UNKNOWN\r\nPING"],
    [2, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0PING"],
  ] as const)("after a PROXY header of version %d that names no client", async (proxyProtocol, expected) => {
    let seen = "";
    const port = await startPod((socket) =>
      socket.on("data", (chunk) => {
        seen += chunk.toString("latin1");
        if (seen.endsWith("PING")) socket.write("ok");
      }),
    );
    await probeEndpoint(probeOf(port, { send: "PING", expect: "ok" }, { loadBalancer: { proxyProtocol } }));
    expect(seen).toBe(expected);
  });
});

describe("an endpoint does not pass", () => {
  it("when it refuses", async () => {
    await expect(probeEndpoint(probeOf(await freePort()))).rejects.toThrow("ECONNREFUSED");
  });

  it.each([
    ["something else", "-ERR", /does not begin as it should/],
    ["nothing, and ends", "", /did not answer/],
  ])("when it answers %s", async (_, text, message) => {
    const port = await startPod((socket) => socket.end(text));
    await expect(probeEndpoint(probeOf(port, { expect: "+PONG" }))).rejects.toThrow(message);
  });

  it("when it does not answer in time", async () => {
    const probe = probeOf(await startPod(() => {}), { expect: "+PONG", timeoutMs: 20 });
    await expect(probeEndpoint(probe)).rejects.toThrow("it did not answer");
  });

  it("when its certificate is not believed", async () => {
    const port = await startTlsPod(await certificateFor("db"), (socket) => socket.end("ready"));
    await expect(probeEndpoint(probeOf(port, {}, { loadBalancer: { tls: true } }))).rejects.toThrow(/self.signed/i);
  });

  it("when it does not begin TLS in time", async () => {
    const probe = probeOf(await startPod(() => {}), { timeoutMs: 20 }, { loadBalancer: { tls: true } });
    await expect(probeEndpoint(probe)).rejects.toThrow();
  });
});
