import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { podName } from "../../cli/dev/pod-name.ts";
import { startWhoami, type WhoamiPod } from "../../cli/dev/whoami.ts";

/** Sends, ends its side, and gives all that comes back. */
async function sendAll(socket: Socket, text: string): Promise<string> {
  let answer = "";
  socket.end(text, "latin1");
  for await (const chunk of socket.setEncoding("latin1")) answer += chunk;
  return answer;
}

describe("a stand-in Pod", () => {
  let pod: WhoamiPod;
  let url: string;
  beforeAll(async () => {
    pod = await startWhoami("app-1");
    url = `http://127.0.0.1:${pod.port}`;
  });
  afterAll(() => pod.close());

  it("tells what reached it", async () => {
    const response = await fetch(`${url}/a%2Fb?x=1`, { headers: { "X-Test": "1" } });
    const [hostname, ip, remote, line, ...headers] = (await response.text()).split("\n");
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect([hostname, ip, line]).toEqual(["Hostname: app-1", "IP: 127.0.0.1", "GET /a%2Fb?x=1 HTTP/1.1"]);
    expect(remote).toMatch(/^RemoteAddr: 127\.0\.0\.1:\d+$/);
    expect(headers.join("\n").toLowerCase()).toContain(`host: 127.0.0.1:${pod.port}\n`);
    expect(headers.join("\n").toLowerCase()).toContain("x-test: 1\n");
    expect(headers.slice(-2)).toEqual(["", ""]);
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("takes a body with %s", async (method) => {
    const response = await fetch(url, { method, body: "x".repeat(200_000) });
    expect(await response.text()).toContain(`${method} / HTTP/1.1`);
  });

  it("answers HEAD without a body, and /health with nothing", async () => {
    expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
    const health = await fetch(`${url}/health`);
    expect([health.status, await health.text()]).toEqual([200, ""]);
  });

  it("answers /health with the status that was last posted there", async () => {
    const post = (body: string) => fetch(`${url}/health`, { method: "POST", body });
    expect((await post("503")).status).toBe(200);
    expect((await fetch(`${url}/health`)).status).toBe(503);
    for (const text of ["5030", "ill", "100", ""]) expect((await post(text)).status).toBe(400);
    expect((await fetch(`${url}/health`)).status).toBe(503);
    await post("200");
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it.each(["?wait=5ms", "?wait=nonsense", "?wait=-1s"])("answers %s", async (query) => {
    expect(await (await fetch(`${url}/${query}`)).text()).toContain("Hostname: app-1");
  });

  it.each(["hello", "GETTING nowhere", "\0\x01\x02"])("gives back what is not HTTP: %j", async (text) => {
    expect(await sendAll(connect(pod.port, "127.0.0.1"), text)).toBe(text);
  });

  it("gives back what comes over TLS, and answers HTTP over it", async () => {
    const open = () => connectTls({ port: pod.port, host: "127.0.0.1", rejectUnauthorized: false });
    expect(await sendAll(open(), "hello")).toBe("hello");
    expect(await sendAll(open(), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).toContain(
      "Hostname: app-1",
    );
  });

  it.each([
    ["WHO\n", "Hostname: app-1\n"],
    ["WHO\r\nhello", "Hostname: app-1\nhello"],
    ["WHO", "Hostname: app-1\n"],
    ["WHOM\n", "WHOM\n"],
  ])("tells who it is over TCP and TLS: %j", async (text, answer) => {
    expect(await sendAll(connect(pod.port, "127.0.0.1"), text)).toBe(answer);
    const tls = connectTls({ port: pod.port, host: "127.0.0.1", rejectUnauthorized: false });
    expect(await sendAll(tls, text)).toBe(answer);
  });

  it.each(["WHO", "WHO\n"])("tells who it is in a datagram: %j", async (text) => {
    const socket = createSocket("udp4");
    const answer = once(socket, "message");
    socket.send(text, pod.port, "127.0.0.1");
    expect(String((await answer)[0])).toBe("Hostname: app-1\n");
    socket.close();
  });

  it.each(["udp", "tcp"] as const)("answers queries of DNS over %s", async (protocol) => {
    const resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${pod.port}`]);
    if (protocol === "udp") {
      expect(await resolver.resolve4("example.com")).toEqual(["127.0.0.1"]);
      expect(await resolver.resolveTxt("example.com")).toEqual([["Hostname: app-1"]]);
      await expect(resolver.resolve6("example.com")).rejects.toMatchObject({ code: "ENODATA" });
      return;
    }
    const query = Buffer.from("002d000101000001000000000000076578616d706c6503636f6d0000100001", "hex").subarray(2);
    const framed = Buffer.concat([Buffer.from([0, query.length]), query]).toString("latin1");
    const answer = await sendAll(connect(pod.port, "127.0.0.1"), framed);
    expect(answer).toContain("\x0fHostname: app-1");
    expect(Buffer.from(answer, "latin1").readUInt16BE(0)).toBe(answer.length - 2);
  });

  it("gives back datagrams", async () => {
    const socket = createSocket("udp4");
    const answer = once(socket, "message");
    socket.send("hello", pod.port, "127.0.0.1");
    expect(String((await answer)[0])).toBe("hello");
    socket.close();
  });

  it.each(["/", "/any/path"])("echoes over a WebSocket at %s", async (path) => {
    const webSocket = new WebSocket(`ws://127.0.0.1:${pod.port}${path}`);
    await once(webSocket, "open");
    webSocket.send("hello");
    const [text, binary] = await once(webSocket, "message");
    expect([String(text), binary]).toEqual(["hello", false]);
    webSocket.close();
    await once(webSocket, "close");
  });

  it("closes with requests under way", async () => {
    const other = await startWhoami("app-2");
    const waiting = fetch(`http://127.0.0.1:${other.port}/?wait=1m`, { method: "POST", body: "x" });
    const refused = expect(waiting).rejects.toThrow();
    await fetch(`http://127.0.0.1:${other.port}/health`);
    await other.close();
    await refused;
  });
});

describe("podName", () => {
  it("looks like a Deployment's Pod, and is the same each time", () => {
    expect(podName("default", "appv1", 0)).toMatch(/^appv1-[b-z2-9]{10}-[b-z2-9]{5}$/);
    expect(podName("default", "appv1", 0)).toBe(podName("default", "appv1", 0));
  });

  it("shares the middle between the Pods of one Service only", () => {
    const [a, b, c] = [podName("x", "app", 0), podName("x", "app", 1), podName("y", "app", 0)];
    expect(a.slice(0, -6)).toBe(b.slice(0, -6));
    expect(new Set([a, b, c]).size).toBe(3);
    expect(a.slice(0, -6)).not.toBe(c.slice(0, -6));
  });
});
