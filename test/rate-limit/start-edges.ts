import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { bundleWorker } from "../../cli/dev/bundle-worker.ts";
import { makeDevKeys } from "../../cli/dev/dev-keys.ts";
import type { MiddlewareOptions } from "../../src/table/middleware.ts";
import type { BeaconBinding } from "../../sync-agent/publish/beacon-binding.ts";
import { createBindingStore, type KvBinding } from "../../sync-agent/publish/binding-store.ts";
import { publish } from "../../sync-agent/publish/publisher.ts";
import { send } from "../e2e/send.ts";
import { hostRule, makeRouter, makeTable } from "../snapshot/make-table.ts";

/** Durable Objects in place of the one that counts. */
const BROKEN = `
  import { DurableObject } from "cloudflare:workers";
  export class Throwing extends DurableObject { take() { throw new Error("overloaded"); } }
  export class Hanging extends DurableObject { async take() { await scheduler.wait(3_600_000); } }
  export default { fetch: () => new Response() };
`;

const COMPATIBILITY_DATE = "2026-11-17";
const PUBLISHER = "test";
const STORE = "store";
const BROKEN_WORKER = "broken";

type Limits = Readonly<Record<string, Omit<MiddlewareOptions<"rateLimit">, "type">>>;

/** Who counts for isolates of the Worker, and how many there are of it, each as a Worker of its own. */
const GROUPS = { RateLimiter: 3, Throwing: 2, Hanging: 2, nobody: 2 } as const;
export type Group = keyof typeof GROUPS;

export interface Edges {
  /** Asks an isolate of a group for `<limit>.example.com`, and gives the status of its answer. */
  ask(group: Group, isolate: number, limit: string, client: string): Promise<number>;
  /** How often nobody answered the isolates of a group in time, so far and in all. */
  unanswered(group: Group): Promise<number>;
  close(): Promise<void>;
}

/** Isolates of the built Worker in workerd that share limiters. A host for each limit answers 200 by itself. */
export async function startEdges(limits: Limits): Promise<Edges> {
  const modules = [{ type: "ESModule" as const, path: "worker.mjs", contents: await bundleWorker([]) }];
  const { admin } = await makeDevKeys();
  const groups = Object.entries(GROUPS) as [Group, number][];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      handleStructuredLogs: () => {},
      workers: [
        {
          name: STORE,
          compatibilityDate: COMPATIBILITY_DATE,
          modules,
          kvNamespaces: { TABLE: "table" },
          durableObjects: {
            BEACON: { className: "Beacon", useSQLite: true },
            RATE_LIMITER: { className: "RateLimiter", useSQLite: true },
          },
        },
        {
          name: BROKEN_WORKER,
          compatibilityDate: COMPATIBILITY_DATE,
          modules: [{ type: "ESModule" as const, path: "broken.mjs", contents: BROKEN }],
          durableObjects: {
            THROWING: { className: "Throwing", useSQLite: true },
            HANGING: { className: "Hanging", useSQLite: true },
          },
        },
        ...groups.flatMap(([group, size]) =>
          namesOf(group, size).map((name) => ({
            name,
            compatibilityDate: COMPATIBILITY_DATE,
            modules,
            kvNamespaces: { TABLE: "table" },
            durableObjects: {
              BEACON: { className: "Beacon", scriptName: STORE, useSQLite: true },
              ...limiterOf(group),
            },
            bindings: { PUBLISHER, ADMIN_HOST: admin.host, ADMIN_KEYS: JSON.stringify(admin.keySet) },
            unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
          })),
        ),
      ],
    }),
  );
  await miniflare.ready;
  await publishLimits(miniflare, limits);
  const urls = new Map<Group, URL[]>();
  for (const [group, size] of groups) {
    urls.set(group, await Promise.all(namesOf(group, size).map((name) => miniflare.unsafeGetDirectURL(name))));
  }
  return {
    async ask(group, isolate, limit, client) {
      const isolates = urls.get(group) ?? [];
      const url = isolates[isolate % isolates.length];
      if (url === undefined) throw new Error("no such isolate");
      const headers = { "CF-Connecting-IP": client };
      return (await send(url.origin, "/", { host: `${limit}.example.com`, headers })).status;
    },
    async unanswered(group) {
      const headers = { Authorization: `Bearer ${admin.token}` };
      const answers = await Promise.all(
        (urls.get(group) ?? []).map((url) => send(url.origin, "/api/generation", { host: admin.host, headers })),
      );
      return answers.reduce((sum, { body }) => sum + unansweredOf(JSON.parse(body) as Status), 0);
    },
    close: () => miniflare.dispose(),
  };
}

const namesOf = (group: Group, size: number): string[] =>
  Array.from({ length: size }, (_, index) => `${group.toLowerCase()}-${index}`);

const limiterOf = (group: Group) =>
  group === "nobody"
    ? {}
    : {
        RATE_LIMITER: {
          className: group,
          scriptName: group === "RateLimiter" ? STORE : BROKEN_WORKER,
          useSQLite: true,
        },
      };

interface Status {
  counters: Record<string, Record<string, number>>;
}

const unansweredOf = ({ counters }: Status): number =>
  Object.values(counters["rate-limiter-unavailable"] ?? {}).reduce((sum, one) => sum + one, 0);

interface Bindings extends Record<string, unknown> {
  TABLE: KvBinding;
  BEACON: { idFromName(name: string): unknown; get(id: unknown): BeaconBinding };
}

async function publishLimits(miniflare: Miniflare, limits: Limits): Promise<void> {
  const names = Object.keys(limits);
  const table = makeTable(
    names.map((name) => makeRouter(name, hostRule(`${name}.example.com`), { middlewares: [name], service: "ok" })),
  );
  table.services = { ok: { type: "status", status: 200 } };
  table.endpoints = {};
  table.middlewares = Object.fromEntries(
    Object.entries(limits).map(([name, options]) => [name, { type: "rateLimit", ...options }]),
  );
  const { BEACON, TABLE } = await miniflare.getBindings<Bindings>(STORE);
  const beacon = BEACON.get(BEACON.idFromName(PUBLISHER));
  const { status } = await publish(createBindingStore({ publisher: PUBLISHER, kv: TABLE, beacon }), table, {
    epoch: 1,
  });
  if (status !== "published") throw new Error(`the table was not published: ${status}`);
}
