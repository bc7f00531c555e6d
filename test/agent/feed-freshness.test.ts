import { expect, it } from "vitest";
import { freshAt } from "../../sync-agent/agent/feed-freshness.ts";
import type { KindStatus } from "../../sync-agent/source/object-source.ts";

const kind = (state: KindStatus["state"], heardAt?: number): KindStatus => ({
  kind: "Service",
  apiVersion: "v1",
  state,
  objects: 0,
  heardAt,
  restarts: 0,
});

it.each([
  ["now while every kind is followed, however quiet", [kind("synced", 10), kind("synced", 90)], 100],
  [
    "when the quietest kind was heard of that cannot be followed",
    [kind("stale", 40), kind("stale", 60), kind("synced", 1)],
    40,
  ],
  ["now though kinds were never read", [kind("syncing"), kind("absent"), kind("forbidden", 5)], 100],
  ["now without kinds", [], 100],
])("is %s", (_, kinds, expected) => {
  expect(freshAt({ status: () => kinds }, 100)).toBe(expected);
});
