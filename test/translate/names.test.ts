import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { parseGoDuration } from "../../sync-agent/translate/go-duration.ts";
import { objectName, qualify, routerName, serviceName } from "../../sync-agent/translate/names.ts";
import { tieBreaker } from "../../sync-agent/translate/tie-breaker.ts";

test("names are Traefik's", () => {
  expect(objectName("default", "wrr")).toBe("default-wrr");
  expect(serviceName("default", "my.app", "http")).toBe("default-my-app-http");
  expect(qualify(routerName("default", "app", "Host(`a`)"))).toMatch(/^default-app-[0-9a-f]{20}@kubernetescrd$/);
});

describe("ties", () => {
  const object = (name: string, created?: string): KubernetesObject => ({
    apiVersion: "v1",
    kind: "X",
    metadata: { name, namespace: "default", ...(created === undefined ? {} : { creationTimestamp: created }) },
  });

  test("are decided by provider, age, name and place", () => {
    const ordered = [
      tieBreaker("gateway", object("z")),
      tieBreaker("crd", object("z", "2023-12-31T23:30:00-01:00")),
      tieBreaker("crd", object("a", "2024-01-01T01:00:00Z")),
      tieBreaker("crd", object("a"), 2),
      tieBreaker("crd", object("a"), 10),
      tieBreaker("crd", object("b"), 0),
      tieBreaker("crd", object("c", "yesterday")),
      tieBreaker("ingress", object("a", "2000-01-01T00:00:00Z")),
    ];
    expect(ordered.toSorted()).toEqual(ordered);
  });
});

describe("durations", () => {
  test.each<[string | number, number]>([
    ["100ms", 100],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    ["-1ms", -1],
    [".5s", 500],
    ["30", 30_000],
    [30, 30_000],
    ["0", 0],
    ["250us", 0.25],
  ])("%s is %d ms", (text, ms) => expect(parseGoDuration(text)).toBeCloseTo(ms, 6));

  test.each(["", "s", "1x", "ms1", "1 s", "--1s", "1e3s", "-", "Infinity"])("%j is none", (text) =>
    expect(parseGoDuration(text)).toBeUndefined(),
  );

  test("any text is read or refused", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const ms = parseGoDuration(text);
        expect(ms === undefined || Number.isFinite(ms)).toBe(true);
      }),
    );
  });
});
