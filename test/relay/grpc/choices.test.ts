import { Metadata, status } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { Choices } from "../../../relay/health/choices.ts";
import type { LoadBalancer } from "../../../src/table/service.ts";
import { healthCheck } from "../health/health-harness.ts";
import { freePort } from "../tcp/tcp-harness.ts";
import { callRouter, callTable, closeGrpc, podsOf, runGrpc, startEcho, unary } from "./grpc-harness.ts";

afterEach(closeGrpc);

/** A relay whose origin gateway has found these ports ill. */
async function start(ports: readonly number[], balancing: Partial<LoadBalancer>, ill = new Set<number>()) {
  const ejected: string[] = [];
  const choices = new Choices({
    health: { isDown: (_, { authority }) => ill.has(Number(authority.split(":")[1])), takeDown() {} },
    now: Date.now,
    random: () => 0,
    onEjected: (_, { authority }) => ejected.push(authority),
  });
  const table = callTable(
    { routers: [callRouter("PathPrefix(`/`)", "pods")] },
    podsOf("pods", ports, { endpoints: "pods", ...balancing }),
  );
  const relay = await runGrpc(table, { choices });
  return { client: relay.client(), ill, ejected };
}

test("a call goes to no Pod that probes have found ill", async () => {
  const [a, b] = [await startEcho("a"), await startEcho("b")];
  const { client, ill } = await start([a.port, b.port], { healthCheck: healthCheck({ mode: "grpc" }) });
  const ask = async (): Promise<string | undefined> => (await unary(client, "")).value;
  expect(new Set([await ask(), await ask()])).toEqual(new Set(["a", "b"]));
  ill.add(a.port);
  for (let i = 0; i < 4; i++) expect(await ask()).toBe("b");
  ill.add(b.port);
  expect((await unary(client)).code).toBe(status.UNAVAILABLE);
});

test("a call goes to the Pod that its client belongs to", async () => {
  const pods = await Promise.all(["a", "b", "c"].map((name) => startEcho(name)));
  const { client } = await start(
    pods.map(({ port }) => port),
    { strategy: "hrw", clientKey: { type: "header", name: "x-user" } },
  );
  const metadata = new Metadata();
  metadata.set("x-user", "ada");
  const first = await unary(client, "", { metadata });
  for (let i = 0; i < 5; i++) expect((await unary(client, "", { metadata })).value).toBe(first.value);
});

test("a Pod that calls have failed at is left out", async () => {
  const [a, gone] = [await startEcho("a"), await freePort()];
  const { client, ejected } = await start([gone, a.port], {
    passiveHealthCheck: { maxFailedAttempts: 1, failureWindowMs: 600_000 },
  });
  for (let i = 0; i < 4; i++) expect((await unary(client, "")).value).toBe("a");
  expect(ejected).toEqual([`127.0.0.1:${gone}`]);
});
