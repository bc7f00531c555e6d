import { describe, expect, test } from "vitest";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import { planEvents, REFRESH_MS, REPEAT_MS, type ToldEvent } from "../../sync-agent/status/plan-events.ts";
import {
  camelCase,
  MOST_EVENTS,
  type ProblemEvent,
  problemEvents,
  solvedEvent,
} from "../../sync-agent/status/problem-events.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import { objectsOf, traefik } from "../translate/translate-text.ts";
import { served } from "./status-text.ts";

const store = createObjectStore(served(objectsOf(traefik("IngressRoute", "app", "routes: []"))));
const problem = (change: Partial<Problem> = {}): Problem => ({
  code: "service-not-found",
  severity: "error",
  object: { apiVersion: "traefik.io/v1alpha1", kind: "IngressRoute", namespace: "default", name: "app" },
  path: ["spec", "routes", 0, "services", 1],
  message: "The Service `gone` does not exist",
  hint: "Create it",
  ...change,
});
const eventsOf = (...problems: Problem[]): ProblemEvent[] => [...problemEvents(problems, store).values()];

describe("the Event of a problem", () => {
  test("says all of it, about the object", () => {
    expect(eventsOf(problem())).toEqual([
      {
        name: expect.stringMatching(/^app\.[0-9a-f]{16}$/),
        namespace: "default",
        type: "Warning",
        reason: "ServiceNotFound",
        note: "spec.routes[0].services[1]: The Service `gone` does not exist. Create it",
        regarding: {
          apiVersion: "traefik.io/v1alpha1",
          kind: "IngressRoute",
          namespace: "default",
          name: "app",
          uid: "uid-IngressRoute-default-app",
          resourceVersion: "100",
        },
      },
    ]);
  });

  test("has one name as long as it is the same problem of the same object", () => {
    const [one] = eventsOf(problem());
    expect(eventsOf(problem())[0]?.name).toBe(one?.name);
    expect(eventsOf(problem(), problem())).toHaveLength(1);
    expect(eventsOf(problem({ message: "Another" }))[0]?.name).not.toBe(one?.name);
    const again = createObjectStore(served(objectsOf(traefik("IngressRoute", "app", "routes: []", ", uid: other"))));
    expect([...problemEvents([problem()], again).keys()][0]).not.toBe(one?.name);
  });

  test("is a Warning unless it is only good to know", () => {
    expect(eventsOf(problem({ severity: "notice" }))[0]?.type).toBe("Normal");
    expect(eventsOf(problem({ severity: "warning" }))[0]?.type).toBe("Warning");
  });

  test("fits the API's limits, whatever its author wrote", () => {
    const name = `${"a".repeat(249)}.b-c`;
    const long = createObjectStore(served(objectsOf(traefik("IngressRoute", name, "routes: []"))));
    const [event] = problemEvents(
      [problem({ object: { ...problem().object, name }, message: "ä".repeat(900) })],
      long,
    ).values();
    expect(event?.name.length).toBeLessThanOrEqual(253);
    expect(Buffer.byteLength(event?.note ?? "")).toBeLessThanOrEqual(1024);
    expect(event?.note).not.toContain("\uFFFD");
  });

  test("a route's errors are in its conditions; the rest, and a parent that is not there, are not", () => {
    const text = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: { name: app }\nspec: {}\n";
    const routes = createObjectStore(served(objectsOf(text)));
    const object = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", namespace: "default", name: "app" };
    const told = (change: Partial<Problem>) => problemEvents([problem({ object, ...change })], routes).size;
    expect(told({})).toBe(0);
    expect(told({ severity: "warning" })).toBe(1);
    expect(told({ path: ["spec", "parentRefs", 0, "name"] })).toBe(1);
  });

  test.each([
    ["an object that is not there", { name: "gone" }],
    ["what is no object", { kind: "EntryPoint", apiVersion: "" }],
  ])("there is none for %s", (_, change) => {
    expect(eventsOf(problem({ object: { ...problem().object, ...change } }))).toEqual([]);
  });

  test("are not a flood: errors come first, the rest is left out", () => {
    const many = Array.from({ length: MOST_EVENTS + 50 }, (_, index) => problem({ severity: "notice", path: [index] }));
    const events = eventsOf(...many, problem());
    expect(events).toHaveLength(MOST_EVENTS);
    expect(events[0]?.type).toBe("Warning");
  });

  test("reasons are CamelCase", () => {
    expect(camelCase("tls-1-3-only")).toBe("Tls13Only");
    expect(camelCase("service-not-found")).toBe("ServiceNotFound");
  });
});

describe("what is written", () => {
  const [event] = eventsOf(problem());
  if (event === undefined) throw new Error("no event");
  const wanted = new Map([[event.name, event]]);
  const told = (change: Partial<ToldEvent> = {}) =>
    new Map([[event.name, { event, toldAt: 0, count: 1, solvedAt: undefined, ...change }]]);
  const gone = new Map<string, ProblemEvent>();
  const here = () => true;
  const nothing = { create: [], refresh: [], solve: [], forget: [] };

  test("a new problem, once", () => {
    expect(planEvents(new Map(), wanted, 0, here)).toEqual({ ...nothing, create: [event] });
    expect(planEvents(told(), wanted, REFRESH_MS - 1, here)).toEqual(nothing);
  });

  test("a lasting one again before the server forgets it", () => {
    expect(planEvents(told(), wanted, REFRESH_MS, here).refresh).toHaveLength(1);
    expect(REFRESH_MS).toBeLessThan(60 * 60_000);
  });

  test("its end, once, unless the object is gone with it", () => {
    expect(planEvents(told(), gone, 1, here).solve).toHaveLength(1);
    expect(planEvents(told({ solvedAt: 1 }), gone, 2, here)).toEqual(nothing);
    expect(planEvents(told(), gone, 1, () => false)).toEqual({ ...nothing, forget: [event.name] });
    expect(planEvents(told({ solvedAt: 1 }), gone, REFRESH_MS, here)).toEqual({ ...nothing, forget: [event.name] });
  });

  test("one that comes and goes only now and then", () => {
    expect(planEvents(told({ solvedAt: 1 }), wanted, REPEAT_MS - 1, here)).toEqual(nothing);
    expect(planEvents(told({ solvedAt: 1 }), wanted, REPEAT_MS, here).refresh).toHaveLength(1);
  });

  test("the end of a problem is an Event of its own", () => {
    const solved = solvedEvent(event);
    expect(solved).toMatchObject({ type: "Normal", reason: "Solved", regarding: event.regarding });
    expect(solved.name).not.toBe(event.name);
    expect(solved.note).toContain(event.note);
  });
});
