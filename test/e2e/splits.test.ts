import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, routeManifest, serviceManifest, startBackend } from "./backend.ts";
import { type Running, runManifests } from "./run-manifests.ts";
import { send } from "./send.ts";

/** The splits that the articles show, over HTTP against the running Worker. */
const traefikService = (name: string, spec: string) => `---
apiVersion: traefik.containo.us/v1alpha1
kind: TraefikService
metadata: { name: ${name} }
spec: ${spec}
`;

let v1: Backend;
let v2: Backend;
let running: Running;

beforeAll(async () => {
  [v1, v2] = await Promise.all([startBackend("v1"), startBackend("v2")]);
  running = await runManifests(
    [
      serviceManifest("v1", [v1.port]),
      serviceManifest("v2", [v2.port]),
      traefikService(
        "three-one",
        "{ weighted: { services: [{ name: v1, port: 80, weight: 3 }, { name: v2, port: 80, weight: 1 }] } }",
      ),
      traefikService(
        "one-two",
        "{ weighted: { services: [{ name: v1, port: 80, weight: 1 }, { name: v2, port: 80, weight: 2 }] } }",
      ),
      traefikService("half", "{ mirroring: { name: v1, port: 80, mirrors: [{ name: v2, port: 80, percent: 50 }] } }"),
      traefikService(
        "sticky",
        "{ weighted: { services: [{ name: v1, port: 80, weight: 1 }, { name: v2, port: 80, weight: 2 }], sticky: { cookie: { name: lvl1 } } } }",
      ),
      traefikService(
        "drained",
        "{ weighted: { services: [{ name: v1, port: 80, weight: 1 }, { name: v2, port: 80, weight: 0 }], sticky: { cookie: { name: lvl1 } } } }",
      ),
      ...["three-one", "one-two", "half", "sticky", "drained"].map((name) =>
        routeManifest(name, `Host(\`${name}.example.com\`)`, [`{ name: ${name}, kind: TraefikService }`]),
      ),
    ].join(""),
  );
});

afterAll(async () => {
  await running?.close();
  await Promise.all([v1?.close(), v2?.close()]);
});

const ask = (host: string, headers = {}) => send(running.url("web"), "/", { host, headers });

describe("weighted services", () => {
  it.each([
    ["three-one", { v1: 3, v2: 1 }],
    ["one-two", { v1: 1, v2: 2 }],
  ])("%s is exact in every window of one cycle", async (name, weights) => {
    const answers: string[] = [];
    for (let i = 0; i < 24; i++) answers.push((await ask(`${name}.example.com`)).body);
    const cycle = weights.v1 + weights.v2;
    for (let start = 0; start + cycle <= answers.length; start++) {
      const window = answers.slice(start, start + cycle);
      expect(window.filter((answer) => answer === "v1")).toHaveLength(weights.v1);
      expect(window.filter((answer) => answer === "v2")).toHaveLength(weights.v2);
    }
  });
});

describe("mirroring", () => {
  it("copies exactly half, with bodies, and answers from the main service alone", async () => {
    const before = v2.requests.length;
    for (let i = 0; i < 20; i++) {
      const answer = await send(running.url("web"), `/m?i=${i}`, {
        host: "half.example.com",
        method: "POST",
        body: "x".repeat(5000),
      });
      expect(answer.body).toBe("v1");
    }
    await v2.received(before + 10);
    const mirrored = v2.requests.slice(before);
    expect(mirrored).toHaveLength(10);
    for (const request of mirrored) {
      expect(request.body).toHaveLength(5000);
      expect(request.headers["sluice-mirror"]).toBe("true");
      expect(request.headers.host).toBe("half.example.com");
    }
    expect(v1.requests.some((request) => "sluice-mirror" in request.headers)).toBe(false);
  });
});

describe("sticky services", () => {
  it.each([
    ["default-v2-80", "v2"],
    ["default-v1-80", "v1"],
  ])("a client that sends the plain name %s reaches it", async (value, body) => {
    for (let i = 0; i < 4; i++) {
      expect((await ask("sticky.example.com", { Cookie: `lvl1=${value}` })).body).toBe(body);
    }
  });

  it("keeps a visitor where the first visit went, and sets the cookie once", async () => {
    for (let visitor = 0; visitor < 6; visitor++) {
      const first = await ask("sticky.example.com");
      const cookie = first.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
      expect(cookie).toMatch(/^lvl1=[0-9a-f]{16}$/);
      for (let i = 0; i < 3; i++) {
        const again = await ask("sticky.example.com", { Cookie: `a=b; ${cookie}` });
        expect(again.body).toBe(first.body);
        expect(again.headers["set-cookie"]).toBeUndefined();
      }
    }
  });

  it("weight 0 gets no new visitor, and keeps the ones it has", async () => {
    for (let i = 0; i < 5; i++) expect((await ask("drained.example.com")).body).toBe("v1");
    expect((await ask("drained.example.com", { Cookie: "lvl1=default-v2-80" })).body).toBe("v2");
  });
});

it("an unknown host gets Traefik's 404", async () => {
  const answer = await ask("unknown.example.com");
  expect([answer.status, answer.body.trim()]).toEqual([404, "404 page not found"]);
});
