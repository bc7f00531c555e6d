import { expect, test } from "vitest";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { REFRESH_MS, REPEAT_MS } from "../../sync-agent/status/plan-events.ts";
import { EventWriter } from "../../sync-agent/status/write-events.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import { objectsOf, traefik } from "../translate/translate-text.ts";
import { startCluster, writesOf } from "./cluster.ts";
import { ManualClock } from "./manual-clock.ts";
import { served } from "./status-text.ts";

const EVENT = { apiVersion: "events.k8s.io/v1", kind: "Event" };

const problem: Problem = {
  code: "service-not-found",
  severity: "error",
  object: { apiVersion: "traefik.io/v1alpha1", kind: "IngressRoute", namespace: "default", name: "app" },
  path: ["spec", "routes", 0],
  message: "The Service `gone` does not exist",
};

async function setUp() {
  const { api, client } = await startCluster();
  const clock = new ManualClock();
  const objects = createObjectStore(served(objectsOf(traefik("IngressRoute", "app", "routes: []"))));
  const start = () => new EventWriter({ api: client, now: clock.now, identity: "agent-1" });
  const write = async (writer: EventWriter, ...problems: Problem[]): Promise<void> => {
    for (const one of writer.plan(problems, objects)) await one.run(new AbortController().signal);
  };
  const events = () =>
    api.list(EVENT).map(({ type, reason, series }) => {
      const { count } = (series ?? {}) as { count?: number };
      return `${type} ${reason}${count === undefined ? "" : ` x${count}`}`;
    });
  return { api, clock, events, objects, start, write };
}

test("a problem is one Event, however often it is looked at, and its end is another", async () => {
  const { api, clock, events, start, write } = await setUp();
  const writer = start();
  for (let look = 0; look < 5; look += 1) await write(writer, problem);
  expect(events()).toEqual(["Warning ServiceNotFound"]);
  expect(api.list(EVENT)[0]).toMatchObject({
    note: "spec.routes[0]: The Service `gone` does not exist",
    regarding: { kind: "IngressRoute", name: "app", uid: "uid-IngressRoute-default-app" },
    reportingController: "sluice.dev/agent",
    reportingInstance: "agent-1",
  });
  clock.time += 1_000;
  await write(writer);
  await write(writer);
  expect(events().sort()).toEqual(["Normal Solved", "Warning ServiceNotFound"]);
});

test("a problem that lasts is counted, and written anew when the server has forgotten it", async () => {
  const { api, clock, events, start, write } = await setUp();
  const writer = start();
  await write(writer, problem);
  clock.time += REFRESH_MS;
  await write(writer, problem);
  expect(events()).toEqual(["Warning ServiceNotFound x2"]);
  for (const { metadata } of api.list(EVENT)) api.delete(EVENT, metadata.name);
  clock.time += REFRESH_MS;
  await write(writer, problem);
  expect(events()).toEqual(["Warning ServiceNotFound"]);
});

test("a problem that comes and goes is no flood", async () => {
  const { api, clock, start, write } = await setUp();
  const writer = start();
  for (let second = 0; second < 3600; second += 1) {
    clock.time += 1_000;
    await (second % 2 === 0 ? write(writer, problem) : write(writer));
  }
  expect(writesOf(api).length).toBeLessThanOrEqual(2 + (2 * 3_600_000) / REPEAT_MS);
});

test("the agent that comes next finds the Event there", async () => {
  const { events, start, write } = await setUp();
  await write(start(), problem);
  const next = start();
  await write(next, problem);
  expect(events()).toEqual(["Warning ServiceNotFound"]);
  await write(next);
  expect(events().sort()).toEqual(["Normal Solved", "Warning ServiceNotFound"]);
});

test("nothing is said of the end of an object", async () => {
  const { events, objects, start, write } = await setUp();
  const writer = start();
  await write(writer, problem);
  objects.remove("IngressRoute", "default", "app");
  await write(writer);
  expect(events()).toEqual(["Warning ServiceNotFound"]);
});
