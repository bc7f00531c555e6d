import { expect, test } from "vitest";
import { createPlanner, plan } from "../../src/snapshot/plan.ts";
import type { Table } from "../../src/table/table.ts";
import { tableParts } from "../../src/table/table-changes.ts";
import { contentHash } from "../../sync-agent/publish/content-hash.ts";
import { hostRule, makeRouter, makeTable } from "./make-table.ts";

/** In every place of these parts where a text may stand. */
const MARKER = "only-for-relays";

/** One entry of each part that the relay alone reads. */
const relayParts: Omit<Table, "entryPoints" | "routers" | "services" | "middlewares" | "endpoints"> = {
  serversTransports: {
    [MARKER]: { serverName: MARKER, rootCAs: [MARKER], certificates: [{ certificate: MARKER, key: MARKER }] },
  },
  relayEntryPoints: { [MARKER]: { protocol: "tcp", host: MARKER, port: 27017 } },
  relayEndpoints: { [MARKER]: { endpoints: [{ address: MARKER, port: 80, state: "ready" }] } },
  tcpRouters: [
    {
      name: MARKER,
      entryPoints: [MARKER],
      rule: { type: "sni", name: MARKER },
      ruleText: MARKER,
      priority: 1,
      tieBreaker: MARKER,
      middlewares: [MARKER],
      service: MARKER,
      tls: { passthrough: false, options: MARKER },
    },
  ],
  tcpServices: { [MARKER]: { type: "loadBalancer", endpoints: MARKER, serversTransport: MARKER } },
  tcpMiddlewares: { [MARKER]: { type: "ipAllowList", sourceRange: [MARKER] } },
  udpRouters: [{ name: MARKER, entryPoints: [MARKER], tieBreaker: MARKER, service: MARKER }],
  udpServices: { [MARKER]: { type: "loadBalancer", endpoints: MARKER } },
  tlsOptions: { [MARKER]: { clientAuth: { mode: "require", authorities: [MARKER] } } },
  certificates: { [MARKER]: { certificate: MARKER, key: MARKER } },
};

const bare = makeTable([makeRouter("app", hostRule("app.example.com"))]);
const published = ["entryPoints", "routers", "services", "middlewares", "endpoints"] as const;

test("every part is published, or is here", () => {
  expect([...published, ...Object.keys(relayParts)].sort()).toEqual([...tableParts].sort());
});

test("nothing of the relay's parts goes to KV, keys least of all", () => {
  const { writes, root } = plan({ desired: { ...bare, ...relayParts }, publisher: "test", hash: contentHash });
  expect(writes.size).toBeGreaterThan(1);
  expect(JSON.stringify([...writes, root])).not.toContain(MARKER);
});

test.each(Object.keys(relayParts))("a change of %s alone writes nothing", (part) => {
  const planner = createPlanner({ hash: contentHash });
  const first = planner.plan({ desired: bare, publisher: "test" });
  const current = { hash: first.rootHash, root: first.root };
  const desired = { ...bare, [part]: relayParts[part as keyof typeof relayParts] };
  const next = planner.plan({ desired, publisher: "test", current });
  expect([...next.writes]).toEqual([]);
  expect(next.rootHash).toBe(first.rootHash);
  expect([...planner.plan({ desired: bare, publisher: "test", current }).writes]).toEqual([]);
});
