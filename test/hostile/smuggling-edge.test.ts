import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { routeManifest, serviceManifest } from "../e2e/backend.ts";
import { type Running, runManifests } from "../e2e/run-manifests.ts";
import { framingCases } from "./framing-cases.ts";
import { headCases } from "./head-cases.ts";
import { hostCases } from "./host-cases.ts";
import type { HostileCase } from "./hostile-case.ts";
import { bytesOf, expectIdentity, judge, mayReachOf } from "./judge.ts";
import { sendRaw } from "./raw-client.ts";
import { type RawOrigin, startRawOrigin } from "./raw-origin.ts";

let origin: RawOrigin;
let running: Running;
let port: number;

beforeAll(async () => {
  origin = await startRawOrigin();
  running = await runManifests(
    serviceManifest("pod", [origin.port]) + routeManifest("all", "PathPrefix(`/`)", ["{ name: pod, port: 80 }"]),
  );
  port = Number(new URL(running.url("web")).port);
});

afterAll(async () => {
  await running?.close();
  await origin?.close();
});

const HOST = "victim.example.com";
const identityOf = ({ host = HOST, isWebSocket = false }: Partial<HostileCase> = {}) => ({
  host,
  "x-forwarded-for": "127.0.0.1",
  "x-forwarded-host": host,
  "x-forwarded-port": "80",
  "x-forwarded-proto": isWebSocket ? "ws" : "http",
  "x-real-ip": "127.0.0.1",
});

async function expectCleanRequest(number: number): Promise<void> {
  const path = `/clean/${number}`;
  const answers = await sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 0);
  expect(answers.map(({ status }) => status)).toEqual([200]);
  const request = origin.seen.at(-1);
  if (request === undefined) throw new Error("the origin saw nothing");
  expect(request.line).toBe(`GET ${path}`);
  expectIdentity(request, identityOf());
}

const numbered = [...framingCases, ...headCases, ...hostCases].map((hostile, number) => ({ ...hostile, number }));

describe("through Worker and gateway", () => {
  it.each(numbered)("$name", async ({ number, ...hostile }) => {
    const answers = await sendRaw(port, bytesOf(hostile, number, `Host: ${HOST}`), 0);
    judge(hostile, number, answers, origin, identityOf(hostile));
    await expectCleanRequest(number);
  });

  it("nothing came later than its case that should not have come at all", () => {
    expect(origin.faults).toEqual([]);
    const allowed = new Set(numbered.flatMap((hostile) => mayReachOf(hostile, hostile.number)));
    const others = origin.seen.map(({ line }) => line).filter((line) => !line.startsWith("GET /clean/"));
    expect(others.filter((line) => !allowed.has(line))).toEqual([]);
  });
});
