import { expect, it } from "vitest";
import { isSameListener, wantedListeners } from "../../../relay/streams/wanted-listeners.ts";
import type { StreamTable } from "../../../relay/tcp/stream-table.ts";
import { emptyTable } from "../../../src/table/empty-table.ts";
import { router } from "../tcp/tcp-harness.ts";

const table: StreamTable = {
  ...emptyTable(),
  relayEntryPoints: {
    mongo: { protocol: "tcp", host: "", port: 27017 },
    idle: { protocol: "tcp", host: "", port: 1 },
    dns: { protocol: "udp", host: "10.0.0.1", port: 53, udpTimeoutMs: 5_000 },
    syslog: { protocol: "udp", host: "", port: 514 },
  },
  tcpRouters: [router("HostSNI(`*`)", "db", { entryPoints: ["mongo", "syslog", "unknown"] })],
  udpRouters: [{ name: "dns", entryPoints: ["dns", "idle"], tieBreaker: "a", service: "dns" }],
};

it("wants a listener where a router of its protocol is, and nowhere else", () => {
  expect(Object.fromEntries(wantedListeners(table))).toEqual({
    mongo: { protocol: "tcp", host: "", port: 27017, idleTimeoutMs: 3_000 },
    dns: { protocol: "udp", host: "10.0.0.1", port: 53, idleTimeoutMs: 5_000 },
  });
});

it("wants it where it is placed", () => {
  const placed = wantedListeners(table, {
    place: (name) => (name === "dns" ? { host: "127.0.0.1", port: 8053 } : undefined),
  });
  expect(placed.get("dns")).toMatchObject({ host: "127.0.0.1", port: 8053 });
  expect(placed.get("mongo")).toMatchObject({ host: "", port: 27017 });
});

it("wants a shared one of TCP without a router as well", () => {
  const wanted = wantedListeners(table, { isShared: (name) => name === "idle" || name === "syslog" });
  expect([...wanted.keys()]).toEqual(["mongo", "idle", "dns"]);
});

it.each([
  [{}, true],
  [{ port: 2 }, false],
  [{ host: "::" }, false],
  [{ protocol: "udp" as const }, false],
  [{ idleTimeoutMs: 9 }, true],
])("keeps a TCP listener over %j: %s", (change, isSame) => {
  const one = { protocol: "tcp" as const, host: "", port: 1, idleTimeoutMs: 3_000 };
  expect(isSameListener(one, { ...one, ...change })).toBe(isSame);
});

it("opens a UDP listener anew when its sessions are to live longer", () => {
  const one = { protocol: "udp" as const, host: "", port: 1, idleTimeoutMs: 3_000 };
  expect(isSameListener(one, { ...one, idleTimeoutMs: 9 })).toBe(false);
});
