import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Condition, mergeConditions } from "../../sync-agent/status/condition.ts";
import { mergeStatus } from "../../sync-agent/status/merge-status.ts";
import type { StatusContent } from "../../sync-agent/status/status-content.ts";

const BEFORE = "2026-01-01T00:00:00Z";
const NOW = "2026-11-21T08:00:00Z";
const own = new Set(["Accepted", "Programmed"]);

const condition = (type: string, change: Partial<Condition> = {}): Condition => ({
  type,
  status: "True",
  reason: type,
  message: "",
  observedGeneration: 2,
  ...change,
});
const timed = (type: string, change: Partial<Condition> = {}) => ({
  ...condition(type, change),
  lastTransitionTime: BEFORE,
});

describe("conditions", () => {
  test("the time changes with the status only", () => {
    const current = [timed("Accepted"), timed("Programmed", { status: "False" })];
    const wanted = [condition("Accepted", { reason: "Other", observedGeneration: 3 }), condition("Programmed")];
    expect(mergeConditions(current, wanted, own, NOW)).toEqual([
      { ...wanted[0], lastTransitionTime: BEFORE },
      { ...wanted[1], lastTransitionTime: NOW },
    ]);
  });

  test("those of others stay as and where they are; own ones that are not wanted go", () => {
    const foreign = { type: "example.com/Checked", status: "True", odd: 1 };
    const merged = mergeConditions([foreign, timed("Programmed"), 7], [condition("Accepted")], own, NOW);
    expect(merged).toEqual([foreign, 7, { ...condition("Accepted"), lastTransitionTime: NOW }]);
  });

  test("what is about a later generation is not overwritten", () => {
    const current = [timed("Accepted", { observedGeneration: 9 })];
    expect(mergeConditions(current, [condition("Accepted")], own, NOW)).toBeUndefined();
  });

  test("the API server's default conditions are taken over", () => {
    const pending = { type: "Accepted", status: "Unknown", reason: "Pending", message: "", lastTransitionTime: BEFORE };
    expect(mergeConditions([pending], [condition("Accepted")], own, NOW)).toEqual([
      { ...condition("Accepted"), lastTransitionTime: NOW },
    ]);
  });

  test.each([undefined, null, 7, "x", {}])("no list: %s", (current) => {
    expect(mergeConditions(current, [condition("Accepted")], own, NOW)).toHaveLength(1);
  });
});

const parent = (
  name: string,
  status: Condition["status"] = "True",
  controllerName = "sluice.dev/gateway-controller",
) => ({
  parentRef: { name },
  controllerName,
  conditions: [condition("Accepted", { status })],
});
const routeContent = (...parents: ReturnType<typeof parent>[]): StatusContent => ({
  type: "route",
  parents,
  controllers: new Set(["sluice.dev/gateway-controller"]),
});
const withTimes = (entry: ReturnType<typeof parent>, time = NOW) => ({
  ...entry,
  conditions: entry.conditions.map((one) => ({ ...one, lastTransitionTime: time })),
});

describe("parents of a route", () => {
  const istio = withTimes(parent("mesh", "False", "istio.io/gateway-controller"), BEFORE);

  test("entries of other controllers stay, ours that are not wanted go", () => {
    const current = { parents: [withTimes(parent("old"), BEFORE), istio, withTimes(parent("a"), BEFORE)] };
    const changed = mergeStatus(current, routeContent(parent("a"), parent("b")), NOW);
    expect(changed).toEqual({ parents: [istio, withTimes(parent("a"), BEFORE), withTimes(parent("b"))] });
  });

  test("the last of ours goes, and those of others are never touched", () => {
    expect(mergeStatus({ parents: [istio, withTimes(parent("a"))] }, routeContent(), NOW)).toEqual({
      parents: [istio],
    });
    expect(mergeStatus({ parents: [istio] }, routeContent(), NOW)).toBeUndefined();
    expect(mergeStatus(undefined, routeContent(), NOW)).toBeUndefined();
  });

  test("a parentRef is the same with its defaults written out", () => {
    const full = { ...parent("a"), parentRef: { group: "gateway.networking.k8s.io", kind: "Gateway", name: "a" } };
    expect(mergeStatus({ parents: [withTimes(full, BEFORE)] }, routeContent(parent("a")), NOW)).toBeUndefined();
  });
});

describe("other statuses", () => {
  test("an Ingress's address replaces another", () => {
    const content: StatusContent = { type: "ingress", ingress: [{ hostname: "edge.example.net" }] };
    const changed = { loadBalancer: { ingress: [{ hostname: "edge.example.net" }] } };
    expect(mergeStatus(undefined, content, NOW)).toEqual(changed);
    expect(mergeStatus({ loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } }, content, NOW)).toEqual(changed);
    expect(mergeStatus(changed, content, NOW)).toBeUndefined();
  });

  test("a Gateway's listener that is gone goes, and only what differs is written", () => {
    const listener = (name: string) => ({ name, supportedKinds: [], attachedRoutes: 0, conditions: [] });
    const content: StatusContent = {
      type: "gateway",
      conditions: [],
      listeners: [listener("a")],
      addresses: undefined,
    };
    const current = { conditions: [], listeners: [listener("a"), listener("b")], addresses: [{ value: "x" }] };
    expect(mergeStatus(current, content, NOW)).toEqual({ listeners: [listener("a")] });
  });
});

const anyCondition = fc.record({
  type: fc.constantFrom("Accepted", "ResolvedRefs", "PartiallyInvalid", "example.com/Other"),
  status: fc.constantFrom("True" as const, "False" as const, "Unknown" as const),
  reason: fc.constantFrom("A", "B"),
  message: fc.constantFrom("", "m"),
  observedGeneration: fc.integer({ min: 0, max: 3 }),
  lastTransitionTime: fc.constant(BEFORE),
});
const anyParents = fc.array(
  fc.record({
    parentRef: fc.record({ name: fc.constantFrom("a", "b") }),
    controllerName: fc.constantFrom("sluice.dev/gateway-controller", "istio.io/gateway-controller"),
    conditions: fc.uniqueArray(anyCondition, { selector: ({ type }) => type, maxLength: 4 }),
  }),
  { maxLength: 5 },
);

test("what was written needs no second write, and what others wrote is as it was", () => {
  const wanted = routeContent(parent("a"), parent("b", "False"));
  fc.assert(
    fc.property(anyParents, (parents) => {
      const changed = mergeStatus({ parents }, wanted, NOW);
      if (changed === undefined) return;
      expect(mergeStatus(changed, wanted, "2027-01-01T00:00:00Z")).toBeUndefined();
      const foreign = (list: unknown) =>
        (list as typeof parents).filter(({ controllerName }) => controllerName.startsWith("istio"));
      expect(foreign(changed.parents)).toEqual(foreign(parents));
    }),
  );
});
