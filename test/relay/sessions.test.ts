import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StickyCookie } from "../../src/table/service.ts";
import {
  answerOk,
  closeAll,
  deadPort,
  linesOf,
  ready,
  scriptedPod,
  send,
  startGateway,
  startPod,
  type TestGateway,
  tableOf,
  terminating,
} from "./gateway-harness.ts";

afterAll(closeAll);

const sticky: StickyCookie = { name: "lvl2", path: "/", secure: false, httpOnly: true, sameSite: "lax", maxAge: 0 };
const cookieValueOf = (port: number) =>
  createHash("sha256").update(`http://127.0.0.1:${port}`).digest("hex").slice(0, 16);
const cookieFor = (port: number) => `lvl2=${cookieValueOf(port)}; Path=/; HttpOnly; SameSite=Lax`;
let ports: [number, number, number];
let gateway: TestGateway;

beforeAll(async () => {
  const named = (name: string) => startPod((_, response) => response.end(name));
  ports = [await named("a"), await named("b"), await named("c")];
  gateway = await startGateway(tableOf({}));
});

const use = (spec: Parameters<typeof tableOf>[0][string]) => gateway.setTable(tableOf({ app: { sticky, ...spec } }));
async function ask(cookie?: string) {
  const { text, rawHeaders } = await send(gateway, "app", { headers: cookie === undefined ? [] : ["cookie", cookie] });
  return { pod: text, cookies: linesOf(rawHeaders, "set-cookie") };
}

describe("a session", () => {
  it("begins with a cookie of Traefik's name, value and attributes", async () => {
    use({ endpoints: ready(ports[0]) });
    expect(await ask()).toEqual({ pod: "a", cookies: [cookieFor(ports[0])] });
  });

  it("stays with its Pod, and no cookie is written again", async () => {
    use({ endpoints: ready(...ports) });
    for (const [index, pod] of ["a", "b", "c"].entries()) {
      for (let i = 0; i < 4; i++) {
        const cookie = `x=y; lvl2=${cookieValueOf(ports[index] ?? 0)}; z=1`;
        expect(await ask(cookie)).toEqual({ pod, cookies: [] });
      }
    }
  });

  it("is known by the server's URL, which is written anew", async () => {
    use({ endpoints: ready(...ports) });
    expect(await ask(`lvl2=http://127.0.0.1:${ports[1]}`)).toEqual({ pod: "b", cookies: [cookieFor(ports[1])] });
  });

  it.each(["lvl2=0123456789abcdef", "lvl2=", "lvl2=http://192.0.2.7:80", "other=1"])(
    "begins anew when its Pod is not there: %s",
    async (cookie) => {
      use({ endpoints: ready(ports[2]) });
      expect(await ask(cookie)).toEqual({ pod: "c", cookies: [cookieFor(ports[2])] });
    },
  );

  it("moves to another Pod when its own refuses", async () => {
    const dead = await deadPort();
    use({ endpoints: ready(dead, ports[0]) });
    expect(await ask(`lvl2=${cookieValueOf(dead)}`)).toEqual({ pod: "a", cookies: [cookieFor(ports[0])] });
  });

  it("is none with the Service's own address", async () => {
    use({ endpoints: [], clusterIp: { address: "127.0.0.1", port: ports[0] } });
    expect(await ask()).toEqual({ pod: "a", cookies: [] });
  });

  it("names the scheme that the Pod is spoken to with", async () => {
    use({ endpoints: ready(ports[0]) });
    const https = createHash("sha256").update(`https://127.0.0.1:${ports[0]}`).digest("hex").slice(0, 16);
    expect((await ask(`lvl2=${https}`)).cookies).toEqual([cookieFor(ports[0])]);
  });

  it("costs the turns of others nothing", async () => {
    use({ endpoints: ready(...ports) });
    const pods: string[] = [];
    for (let i = 0; i < 6; i++) {
      pods.push((await ask()).pod);
      await ask(`lvl2=${cookieValueOf(ports[1])}`);
    }
    expect(pods.sort()).toEqual(["a", "a", "b", "b", "c", "c"]);
  });
});

describe("a terminating Pod", () => {
  it("keeps the sessions that it has and gets no new ones", async () => {
    use({ endpoints: [...ready(ports[0]), ...terminating(ports[1])] });
    for (let i = 0; i < 4; i++) {
      expect(await ask()).toEqual({ pod: "a", cookies: [cookieFor(ports[0])] });
      expect(await ask(`lvl2=${cookieValueOf(ports[1])}`)).toEqual({ pod: "b", cookies: [] });
    }
  });

  it("gets new ones when every Pod terminates", async () => {
    use({ endpoints: terminating(ports[0], ports[1]) });
    const pods = [await ask(), await ask(), await ask(), await ask()].map(({ pod }) => pod);
    expect(pods.sort()).toEqual(["a", "a", "b", "b"]);
  });

  it("is not tried for a new session when the ready ones refuse", async () => {
    use({ endpoints: [...ready(await deadPort()), ...terminating(ports[1])] });
    expect((await ask()).pod).toBe("Bad Gateway");
  });
});

describe("a service that is not sticky", () => {
  it("writes no cookie and follows none", async () => {
    gateway.setTable(tableOf({ app: { endpoints: ready(...ports) } }));
    const pods: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { pod, cookies } = await ask(`lvl2=${cookieValueOf(ports[0])}`);
      expect(cookies).toEqual([]);
      pods.push(pod);
    }
    expect(pods.sort()).toEqual(["a", "b", "c"]);
  });
});

describe("a Pod that is ending", () => {
  const closing = (socket: { destroy(): void }): void => void socket.destroy();

  it("gets each request of its sessions on a connection of its own: it may close an idle one at any moment", async () => {
    const pod = await scriptedPod([answerOk, answerOk, answerOk]);
    use({ endpoints: terminating(pod.port) });
    for (let turn = 0; turn < 3; turn++) await ask(`lvl2=${cookieValueOf(pod.port)}`);
    expect([pod.requests(), pod.connections()]).toEqual([3, 3]);
  });

  it("hands its session to a sibling, with a new cookie, when it closes on a request that may be sent twice", async () => {
    const pod = await scriptedPod([closing]);
    use({ endpoints: [...terminating(pod.port), ...ready(ports[1])] });
    expect(await ask(`lvl2=${cookieValueOf(pod.port)}`)).toEqual({ pod: "b", cookies: [cookieFor(ports[1])] });
    expect(pod.requests()).toBe(1);
  });

  it("leaves an upload that it closes on unanswered: it may have been taken", async () => {
    const pod = await scriptedPod([closing]);
    use({ endpoints: [...terminating(pod.port), ...ready(ports[1])] });
    const cookie = ["cookie", `lvl2=${cookieValueOf(pod.port)}`];
    expect((await send(gateway, "app", { method: "POST", headers: cookie, body: "x" })).status).toBe(502);
  });
});

describe("a session with times", () => {
  const timed = { ...sticky, absoluteTimeoutMs: 60_000, idleTimeoutMs: 10_000 };
  const sessionOf = (cookies: readonly string[]): string => cookies[0]?.split(";")[0] ?? "";

  it("is told anew by each answer, and goes on while it is used", async () => {
    use({ sticky: timed, endpoints: ready(...ports) });
    const begun = await ask();
    let { cookies } = begun;
    for (let i = 0; i < 6; i++) {
      gateway.advance(9_000);
      const answer = await ask(sessionOf(cookies));
      expect(answer.pod).toBe(begun.pod);
      expect(answer.cookies).toHaveLength(1);
      cookies = answer.cookies;
    }
    // However much it was used.
    gateway.advance(9_000);
    const pods = new Set<string>();
    for (let i = 0; i < 3; i++) pods.add((await ask(sessionOf(cookies))).pod);
    expect(pods.size).toBe(3);
  });

  it("is over when it was not used for long", async () => {
    use({ sticky: timed, endpoints: ready(...ports) });
    const { cookies } = await ask();
    gateway.advance(11_000);
    const pods = new Set<string>();
    for (let i = 0; i < 3; i++) pods.add((await ask(sessionOf(cookies))).pod);
    expect(pods.size).toBe(3);
  });
});

describe("a session in a header", () => {
  it("is told by each answer, and stays with its Pod", async () => {
    use({ sticky: { ...sticky, name: "x-session", inHeader: true }, endpoints: ready(...ports) });
    for (const [index, pod] of ["a", "b", "c"].entries()) {
      const value = cookieValueOf(ports[index] ?? 0);
      for (let i = 0; i < 3; i++) {
        const { text, headers } = await send(gateway, "app", { headers: ["X-Session", value] });
        expect([text, headers["x-session"], headers["set-cookie"]]).toEqual([pod, value, undefined]);
      }
    }
  });
});
