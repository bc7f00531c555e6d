import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { makeCertificate } from "../../cli/dev/make-certificate.ts";
import { applyDocument, type HeldTable, holdTable, stateAsWritten } from "../../relay/table/apply-document.ts";
import { type FeedFollower, type FollowOptions, followFeed } from "../../relay/table/follow-feed.ts";
import { readDocument } from "../../relay/table/read-document.ts";
import { createTableCache } from "../../relay/table/table-cache.ts";
import { FEED_PATH, type FeedState } from "../../src/feed/feed-document.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import { diffTables } from "../../src/table/table-changes.ts";
import { TableDigest } from "../../src/table/table-digest.ts";
import { type Feed, type FeedOptions, startFeed } from "../../sync-agent/feed/start-feed.ts";
import { sha256Hex } from "../../sync-agent/translate/names.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const closer of closers.splice(0).reverse()) await closer();
});

const endpoint = (address: string) => ({ endpoints: [{ address, port: 80, state: "ready" as const }] });
const tableOf = (endpoints: Record<string, string>): Table => ({
  ...emptyTable(),
  endpoints: Object.fromEntries(Object.entries(endpoints).map(([name, address]) => [name, endpoint(address)])),
});
const pointerOf = (generation: number): Pointer => ({
  publisher: "test",
  epoch: 1,
  generation,
  root: `root-${generation}`,
});

async function feed(options: Partial<FeedOptions> = {}): Promise<Feed> {
  const started = await startFeed({
    listen: { host: "127.0.0.1", port: 0 },
    token: "secret",
    freshAt: () => 1_000,
    heartbeatMs: 20,
    ...options,
  });
  closers.push(() => started.close());
  return started;
}

const urlOf = ({ address: { port } }: Feed): string => `http://127.0.0.1:${port}`;

interface Followed {
  follower: FeedFollower;
  states: FeedState[];
  logs: string[];
}

async function follow(urls: string[], options: Partial<FollowOptions> = {}): Promise<Followed> {
  const states: FeedState[] = [];
  const logs: string[] = [];
  const follower = await followFeed({
    urls,
    token: "secret",
    onState: (state) => states.push(state),
    log: (_, message) => logs.push(message),
    random: () => 0,
    pauseMs: { first: 5, longest: 20, unreadable: 20 },
    ...options,
  });
  closers.push(() => follower.close());
  return { follower, states, logs };
}

describe("a relay", () => {
  it("gets the table, then what changes of it", async () => {
    const agent = await feed();
    agent.publish({ pointer: null, table: tableOf({ a: "10.0.0.1", b: "10.0.0.2" }) });
    const { follower, states } = await follow([urlOf(agent)]);
    await expect
      .poll(() => follower.state?.table.endpoints)
      .toEqual({ a: endpoint("10.0.0.1"), b: endpoint("10.0.0.2") });
    agent.publish({ pointer: null, table: tableOf({ b: "10.0.0.3" }) });
    await expect.poll(() => follower.state?.table.endpoints).toEqual({ b: endpoint("10.0.0.3") });
    agent.publish({ pointer: pointerOf(4), table: tableOf({ b: "10.0.0.3" }) });
    await expect.poll(() => follower.state?.pointer?.generation).toBe(4);
    expect(states).toHaveLength(3);
  });

  it("goes on from where it was when the connection is cut, wherever that is", async () => {
    const agent = await feed();
    agent.publish({ pointer: null, table: tableOf({ a: "10.0.0.0" }) });
    const cutting = await cuttingProxy(agent.address.port);
    const { follower } = await follow([`http://127.0.0.1:${cutting.port}`]);
    for (let step = 1; step <= 40; step++) {
      cutting.cutAfter(step * 37);
      agent.publish({ pointer: pointerOf(step), table: tableOf({ a: `10.0.0.${step}`, [`b${step}`]: "10.1.1.1" }) });
      await expect
        .poll(() => follower.state?.table.endpoints.a, { timeout: 3_000 })
        .toEqual(endpoint(`10.0.0.${step}`));
    }
    expect(Object.keys(follower.state?.table.endpoints ?? {})).toEqual(["a", "b40"]);
    expect(follower.stats().reconnects).toBeGreaterThan(1);
  });

  it("resumes by steps, and needs no full table for that", async () => {
    const agent = await feed();
    const large = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`s${index}`, `10.0.${index >> 8}.${index & 255}`]),
    );
    agent.publish({ pointer: null, table: tableOf(large) });
    const id = new TableDigest(sha256Hex, tableOf(large)).id;
    agent.publish({ pointer: null, table: tableOf({ ...large, s1: "10.9.9.9" }) });
    const text = await readSome(agent, `?since=${id}`);
    expect(text.map(({ type }) => type).slice(0, 2)).toEqual(["changes", "pointer"]);
    expect((await readSome(agent, "?since=unknown")).map(({ type }) => type)[0]).toBe("full");
  });

  it("goes to another agent when one dies, and keeps its table meanwhile", async () => {
    const [first, second] = [await feed(), await feed()];
    first.publish({ pointer: null, table: tableOf({ a: "10.0.0.1" }) });
    const { follower } = await follow([urlOf(first), urlOf(second)]);
    await expect.poll(() => follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.1"));
    expect(follower.stats()).toMatchObject({ isConnected: true, isLive: true });
    await first.close();
    await expect.poll(() => follower.stats().isLive).toBe(false);
    expect(follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.1"));
    second.publish({ pointer: null, table: tableOf({ a: "10.0.0.2" }) });
    await expect.poll(() => follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.2"));
  });

  it("takes nothing from an agent that knows less than it does", async () => {
    let now = 100_000;
    const fresh = await feed({ freshAt: () => now });
    fresh.publish({ pointer: null, table: tableOf({ a: "10.0.0.2" }) });
    const { follower, logs } = await follow([urlOf(fresh)]);
    await expect.poll(() => follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.2"));
    const { port } = fresh.address;
    await fresh.close();
    now = 50_000;
    const cutOff = await feed({ freshAt: () => now, listen: { host: "127.0.0.1", port } });
    cutOff.publish({ pointer: null, table: tableOf({ a: "10.0.0.1" }) });
    await expect.poll(() => logs.join()).toContain("knows less");
    expect(follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.2"));
    now = 100_001;
    await expect.poll(() => follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.1"));
  });

  it("takes what changed while the agent was out of touch, once it no longer is", async () => {
    let now = 100_000;
    const agent = await feed({ freshAt: () => now });
    agent.publish({ pointer: null, table: tableOf({ a: "10.0.0.1" }) });
    const { follower, logs } = await follow([urlOf(agent)]);
    await expect.poll(() => follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.1"));
    now = 50_000;
    agent.publish({ pointer: null, table: tableOf({ a: "10.0.0.2" }) });
    await expect.poll(() => logs.join()).toContain("knows less");
    now = 100_001;
    await expect.poll(() => follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.2"));
  });

  it("believes an agent after one whose clock was far ahead", async () => {
    const ahead = await feed({ freshAt: () => 9_000_000 });
    ahead.publish({ pointer: null, table: tableOf({ a: "10.0.0.1" }) });
    const { follower } = await follow([urlOf(ahead)], { now: () => 100_000 });
    await expect.poll(() => follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.1"));
    const { port } = ahead.address;
    await ahead.close();
    const right = await feed({ freshAt: () => 100_000, listen: { host: "127.0.0.1", port } });
    right.publish({ pointer: null, table: tableOf({ a: "10.0.0.2" }) });
    await expect.poll(() => follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.2"));
  });

  it("follows a table of 10,000 services by documents of the size of what changed", async () => {
    const agent = await feed();
    const many = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [
        `s${index}`,
        `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      ]),
    );
    agent.publish({ pointer: null, table: tableOf(many) });
    const { follower, states } = await follow([urlOf(agent)]);
    await expect.poll(() => Object.keys(follower.state?.table.endpoints ?? {})).toHaveLength(10_000);
    const id = follower.state?.id ?? "";
    for (let step = 1; step <= 50; step++) {
      agent.publish({ pointer: null, table: tableOf({ ...many, s77: `10.9.9.${step}` }) });
    }
    await expect.poll(() => follower.state?.table.endpoints.s77).toEqual(endpoint("10.9.9.50"));
    expect(states).toHaveLength(51);
    const [step] = await readSome(agent, `?since=${id}`);
    expect(step?.type).toBe("changes");
    expect(JSON.stringify(step).length).toBeLessThan(1_000);
  });

  it("leaves an agent that has lost touch for one that has not", async () => {
    const cutOff = await feed({ freshAt: () => 100_000 });
    cutOff.publish({ pointer: null, table: tableOf({ a: "10.0.0.1" }) });
    const well = await feed({ freshAt: () => 200_000 });
    well.publish({ pointer: null, table: tableOf({ a: "10.0.0.2" }) });
    const { follower } = await follow([urlOf(cutOff), urlOf(well)], { staleMs: 50 });
    await expect.poll(() => follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.2"));
  });

  it("gives up an agent that falls silent", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    closers.push(() => silent.close());
    const { port } = silent.address() as { port: number };
    const agent = await feed();
    agent.publish({ pointer: null, table: tableOf({ a: "10.0.0.1" }) });
    const { follower, logs } = await follow([`http://127.0.0.1:${port}`, urlOf(agent)], { silenceMs: 60 });
    await expect.poll(() => follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.1"));
    expect(logs.join()).toContain("nothing was heard");
  });

  it("asks for all of it again when changes do not make the table that they say", async () => {
    const table = tableOf({ a: "10.0.0.1" });
    const id = new TableDigest(sha256Hex, table).id;
    const full = { type: "full", version: 1, id, pointer: null, freshAt: 1, table };
    const wrong = {
      type: "changes",
      from: id,
      id: "not-this",
      pointer: null,
      freshAt: 1,
      changes: diffTables(table, tableOf({ a: "10.0.0.9" })),
    };
    const asked: string[] = [];
    const liar = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (request) => {
        asked.push(String(request).split(" ")[1] ?? "");
        socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${JSON.stringify(full)}\n${JSON.stringify(wrong)}\n`);
      });
    }).listen(0, "127.0.0.1");
    await once(liar, "listening");
    closers.push(() => liar.close());
    const { follower, logs } = await follow([`http://127.0.0.1:${(liar.address() as { port: number }).port}`]);
    await expect.poll(() => asked.length).toBeGreaterThan(2);
    expect(new Set(asked)).toEqual(new Set([FEED_PATH]));
    expect(follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.1"));
    expect(logs.join()).toContain("do not make the table");
  });

  it.each([
    ["a format that it does not read", '{"type":"full","version":99}', "update the relay"],
    ["what is not JSON", "<html>", "not JSON"],
    ["a malformed document", '{"type":"heartbeat","freshAt":"now"}', "at freshAt"],
  ])("says so when it meets %s", async (_, line, message) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${line}\n`));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    closers.push(() => server.close());
    const { logs } = await follow([`http://127.0.0.1:${(server.address() as { port: number }).port}`]);
    await expect.poll(() => logs.join()).toContain(message);
  });
});

describe("an agent", () => {
  it("lets nobody in without the token", async () => {
    const agent = await feed();
    agent.publish({ pointer: null, table: emptyTable() });
    const { logs } = await follow([urlOf(agent)], { token: "guess" });
    await expect.poll(() => logs.join()).toContain("token");
    for (const authorization of [undefined, "Bearer", "Bearer ", "bearer secret ", "Basic secret"]) {
      const response = await fetch(
        `${urlOf(agent)}${FEED_PATH}`,
        authorization === undefined ? {} : { headers: { authorization } },
      );
      expect(response.status).toBe(401);
    }
  });

  it("sends relays elsewhere until it has read its cluster", async () => {
    const agent = await feed();
    const response = await fetch(`${urlOf(agent)}${FEED_PATH}`, { headers: { authorization: "Bearer secret" } });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
  });

  it("listens beyond the loopback only with a certificate", async () => {
    await expect(
      startFeed({ listen: { host: "0.0.0.0", port: 0 }, token: "secret", freshAt: () => 0 }),
    ).rejects.toThrow(/private keys/);
  });

  it("is known by its certificate", async () => {
    const tls = await makeCertificate(["localhost"], Date.now());
    const agent = await feed({ tls, listen: { host: "127.0.0.1", port: 0 } });
    agent.publish({ pointer: null, table: tableOf({ a: "10.0.0.1" }) });
    const url = `https://localhost:${agent.address.port}`;
    const stranger = await follow([url]);
    await expect.poll(() => stranger.logs.join()).toMatch(/self-signed|certificate/);
    const { follower } = await follow([url], { ca: tls.cert });
    await expect.poll(() => follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.1"));
  });

  it("cuts off a relay that takes nothing of what is written", async () => {
    const agent = await feed({ stallMs: 100 });
    agent.publish({ pointer: null, table: emptyTable() });
    const held = await readSlowly(agent);
    await expect.poll(() => held.tail()).toContain("}\n");
    held.pause();
    for (let step = 0; agent.stats().relays > 0 && step < 2_000; step++) {
      agent.publish({ pointer: null, table: manyBytes(4, `${step}`) });
      await new Promise(setImmediate);
    }
    await expect.poll(() => agent.stats()).toMatchObject({ relays: 0, stalled: 1 });
  });

  it("gives relays that read slowly a table of 100 MB in the end, and keeps no copy for any of them", async () => {
    const agent = await feed({ heartbeatMs: 1 });
    const large = manyBytes(1_000, "a");
    agent.publish({ pointer: null, table: large });
    const relays = [await readSlowly(agent), await readSlowly(agent)];
    for (const relay of relays) {
      await expect.poll(() => relay.tail()).not.toBe("");
      relay.pause();
    }
    const later = { ...large, endpoints: { s: endpoint("10.0.0.9") } };
    for (let step = 1; step <= 50; step++) {
      agent.publish({ pointer: pointerOf(step), table: step % 2 === 0 ? later : large });
    }
    expect(agent.stats().waitingBytes).toBeGreaterThan(0);
    expect(agent.stats().waitingBytes).toBeLessThan(1_000_000);
    const [lines = [], others = []] = await Promise.all(
      relays.map(async (relay) => {
        relay.resume();
        await expect.poll(() => relay.tail(), { timeout: 20_000 }).toMatch(/"heartbeat","freshAt":1000}\n$/);
        return relay.text().trim().split("\n");
      }),
    );
    expect(lines[0]?.length).toBeGreaterThan(100_000_000);
    expect(lines[0] === others[0]).toBe(true);
    let held: HeldTable | undefined;
    for (const line of lines) {
      const document = readDocument(line);
      if ("problem" in document) return expect.unreachable(document.problem);
      const applied = applyDocument(held, document, 1_000);
      if (applied.outcome !== "taken") return expect.unreachable(JSON.stringify(applied));
      held = applied.held;
    }
    const { pointer, table } = held?.state ?? {};
    expect([pointer?.generation, table?.endpoints.s]).toEqual([50, endpoint("10.0.0.9")]);
    expect(agent.stats().stalled).toBe(0);
  }, 60_000);
});

describe("a relay that is older than the agent", () => {
  /** A table as a newer agent writes it, which only it can read. */
  const newer = (table: object): Table => table as Table;
  const fifth = { type: "weighted" as const, children: [], maxShare: 5 };
  const captcha = { type: "captcha", difficulty: 3 };
  const routerOf = (name: string, more: object = {}) => ({
    name,
    entryPoints: ["web"],
    tls: false,
    rule: { type: "host", host: `${name}.example` },
    ruleText: "",
    priority: 1,
    tieBreaker: name,
    middlewares: [],
    service: "s",
    ...more,
  });
  const newTable = newer({
    ...tableOf({ a: "10.0.0.1" }),
    routers: [routerOf("known"), routerOf("new", { only: ["10.0.0.0/8"] })],
    services: { known: { type: "status", status: 404 }, fifth },
    middlewares: { captcha },
  });

  it("closes what it cannot read, says so once, and goes on with the rest", async () => {
    const agent = await feed();
    agent.publish({ pointer: null, table: newTable });
    const { follower, logs } = await follow([urlOf(agent)]);
    await expect.poll(() => follower.state?.table.routers).toMatchObject([{ name: "known" }, { name: "new" }]);
    const { routers = [], services, middlewares } = follower.state?.table ?? {};
    expect(routers.map(({ closedBy }) => closedBy)).toEqual([undefined, "newer-table"]);
    expect(services).toEqual({ known: { type: "status", status: 404 }, fifth: { type: "status", status: 503 } });
    expect(middlewares).toEqual({ captcha: { type: "ipAllowList", sourceRange: [], rejectStatusCode: 503 } });
    expect(follower.stats()).toMatchObject({ isConnected: true, unreadEntries: 3 });

    agent.publish({ pointer: null, table: newer({ ...newTable, ...tableOf({ a: "10.0.0.2" }), services: {} }) });
    await expect.poll(() => follower.state?.table.endpoints.a).toEqual(endpoint("10.0.0.2"));
    expect(follower.stats()).toMatchObject({ reconnects: 0, unreadEntries: 0 });
    const told = logs.filter((line) => line.includes("older than the agent"));
    expect(told).toEqual([
      expect.stringContaining("of routers, until it is updated: new (the unknown field only at its start)"),
      expect.stringContaining("of services, until it is updated: fifth ("),
      expect.stringContaining("of middlewares, until it is updated: captcha ("),
    ]);
  });

  it("opens again what is written in a way that it can read", async () => {
    const agent = await feed();
    agent.publish({ pointer: null, table: newTable });
    const { follower } = await follow([urlOf(agent)]);
    await expect.poll(() => follower.stats().unreadEntries).toBe(3);
    const table = newer({ ...newTable, routers: [routerOf("known"), routerOf("new")] });
    agent.publish({ pointer: null, table });
    await expect.poll(() => follower.state?.table.routers[1]).toEqual(routerOf("new"));
    expect(follower.stats()).toMatchObject({ reconnects: 0, unreadEntries: 2 });
  });

  it("keeps on disk what it was told, and not what it made of it", async () => {
    const file = join(await mkdtemp(join(tmpdir(), "sluice-feed-")), "table.json");
    closers.push(() => rm(dirname(file), { recursive: true }));
    const agent = await feed();
    agent.publish({ pointer: null, table: newTable });
    const first = await follow([urlOf(agent)], { cache: createTableCache(file, expect.unreachable) });
    await expect.poll(() => first.follower.stats().unreadEntries).toBe(3);
    await first.follower.close();
    const { table } = JSON.parse(await readFile(file, "utf8"));
    expect(table).toEqual(JSON.parse(JSON.stringify(newTable)));
    const second = await follow(["http://127.0.0.1:1"], { cache: createTableCache(file, expect.unreachable) });
    expect(second.follower.stats().unreadEntries).toBe(3);
    expect(second.logs.join()).toContain("older than the agent");
  });

  it("takes a table that has something new in every part, and keeps it on disk as it was told", async () => {
    const file = join(await mkdtemp(join(tmpdir(), "sluice-feed-")), "table.json");
    closers.push(() => rm(dirname(file), { recursive: true }));
    const placed = { entryPoints: ["tcp"], tieBreaker: "a", service: "s", novel: 1 };
    const everywhere = newer({
      ...newTable,
      entryPoints: { web: { port: 80, novel: 1 } },
      endpoints: { s: { endpoints: [{ address: "10.0.0.1", port: 80, state: "ready", novel: 1 }] } },
      serversTransports: { pinned: { novel: 1 } },
      relayEntryPoints: { tcp: { ...{ protocol: "tcp", host: "", port: 1 }, novel: 1 } },
      relayEndpoints: { s: { endpoints: [], novel: 1 } },
      tcpRouters: [{ name: "t", priority: 1, rule: { type: "any" }, ruleText: "", middlewares: [], ...placed }],
      tcpServices: { s: { type: "novel" } },
      tcpMiddlewares: { m: { type: "novel" } },
      udpRouters: [{ name: "u", ...placed }],
      udpServices: { s: { type: "novel" } },
      tlsOptions: { strict: { novel: 1 } },
      certificates: { own: { certificate: "PEM", key: "PEM", novel: 1 } },
    });
    const agent = await feed();
    agent.publish({ pointer: null, table: everywhere });
    const { follower, logs } = await follow([urlOf(agent)], { cache: createTableCache(file, expect.unreachable) });
    const parts = Object.keys(emptyTable()).length;
    await expect.poll(() => follower.stats()).toMatchObject({ isConnected: true, unreadEntries: parts });
    const { serversTransports, relayEntryPoints, tlsOptions, certificates } = follower.state?.table ?? {};
    const closedBy = "newer-table";
    expect({ serversTransports, relayEntryPoints, tlsOptions, certificates }).toEqual({
      serversTransports: { pinned: { closedBy } },
      relayEntryPoints: { tcp: { protocol: "tcp", host: "", port: 1, closedBy } },
      tlsOptions: { strict: { closedBy } },
      certificates: { own: { certificate: "PEM", key: "", closedBy } },
    });

    const understood = { ...everywhere, serversTransports: { pinned: { serverName: "pod" } } };
    agent.publish({ pointer: null, table: understood });
    await expect.poll(() => follower.state?.table.serversTransports).toEqual(understood.serversTransports);
    expect(follower.stats()).toMatchObject({ reconnects: 0, unreadEntries: parts - 1 });
    const told = logs.filter((line) => line.includes("older than the agent"));
    expect(told).toHaveLength(parts);
    expect(told.join()).toContain(
      "of serversTransports, until it is updated: pinned (the unknown field novel at its start)",
    );
    await follower.close();
    expect(JSON.parse(await readFile(file, "utf8")).table).toEqual(JSON.parse(JSON.stringify(understood)));
  });

  it("looks at each entry once to say what it was told, however many it could not read", () => {
    const names = Array.from({ length: 200 }, (_, index) => `s${index}`);
    const closed = Object.fromEntries(names.map((name) => [name, { type: "status" as const, status: 503 }]));
    const state: FeedState = { id: "", pointer: null, freshAt: 1, table: { ...emptyTable(), services: closed } };
    const value = { type: "quantum" };
    const held = holdTable(
      state,
      names.map((name) => ({ part: "services", name, value, reason: "" })),
    );
    const looks = vi.spyOn(held.unread, "get");
    const services = Object.fromEntries(names.map((name) => [name, value]));
    expect(stateAsWritten(held)).toEqual({ ...state, table: { ...state.table, services } });
    expect(looks).toHaveBeenCalledTimes(names.length);
  });

  it.each<[string, object]>([
    ["a part of the table", { ...emptyTable(), allowLists: {} }],
    [
      "a router of which it cannot tell what it takes",
      { ...emptyTable(), routers: [routerOf("a", { rule: captcha })] },
    ],
  ])("keeps the table that it has when it does not know %s, and does not ask all the time", async (_, table) => {
    const full = { type: "full", version: 1, id: "", pointer: null, freshAt: 1, table };
    let asked = 0;
    const agent = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        asked += 1;
        socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${JSON.stringify(full)}\n`);
      });
    }).listen(0, "127.0.0.1");
    await once(agent, "listening");
    closers.push(() => agent.close());
    const url = `http://127.0.0.1:${(agent.address() as { port: number }).port}`;
    const { follower, logs } = await follow([url], { pauseMs: { first: 1, longest: 1, unreadable: 3_600_000 } });
    await expect.poll(() => logs.join()).toContain("malformed");
    await follower.close();
    expect([asked, follower.state]).toEqual([1, undefined]);
  });
});

describe("the table on disk", () => {
  async function place(): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-feed-"));
    closers.push(() => rm(dir, { recursive: true }));
    return join(dir, "table.json");
  }

  it("is what a relay starts with when no agent answers", async () => {
    const file = await place();
    const agent = await feed();
    agent.publish({ pointer: pointerOf(3), table: tableOf({ a: "10.0.0.1" }) });
    const first = await follow([urlOf(agent)], { cache: createTableCache(file, expect.unreachable) });
    await expect.poll(() => first.follower.state?.pointer?.generation).toBe(3);
    await first.follower.close();
    await agent.close();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const second = await follow(["http://127.0.0.1:1"], { cache: createTableCache(file, expect.unreachable) });
    expect(second.states).toMatchObject([
      { pointer: { generation: 3 }, table: { endpoints: { a: endpoint("10.0.0.1") } } },
    ]);
  });

  it.each([
    ["cut short", (text: string) => text.slice(0, -20)],
    ["changed", (text: string) => text.replace("10.0.0.1", "10.0.0.2")],
    ["empty", () => ""],
  ])("is set aside when it is %s, with one line that says so", async (_, damage) => {
    const file = await place();
    const cache = createTableCache(file, expect.unreachable);
    const table = tableOf({ a: "10.0.0.1" });
    cache.keep(holdTable({ id: new TableDigest(sha256Hex, table).id, pointer: null, freshAt: 1, table }, []));
    await cache.close();
    await writeFile(file, damage(await readFile(file, "utf8")));
    const problems: string[] = [];
    expect(await createTableCache(file, (problem) => problems.push(problem)).read()).toBeUndefined();
    expect(problems).toEqual([expect.stringContaining("set aside")]);
    await expect(stat(`${file}.broken`)).resolves.toBeDefined();
  });

  it("may be missing, and a folder that cannot be written stops nobody", async () => {
    const problems: string[] = [];
    const cache = createTableCache("/nonexistent/table.json", (problem) => problems.push(problem));
    expect(await cache.read()).toBeUndefined();
    cache.keep(holdTable({ id: "", pointer: null, freshAt: 1, table: emptyTable() }, []));
    await cache.close();
    expect(problems).toEqual([expect.stringContaining("cannot be written")]);
  });
});

it("a digest follows any changes to what it is for the table as a whole", () => {
  const tables = fc.array(
    fc.dictionary(fc.constantFrom("a", "b", "c", "__proto__"), fc.constantFrom("10.0.0.1", "10.0.0.2")).map(tableOf),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(tables, (steps) => {
      const digest = new TableDigest(sha256Hex, emptyTable());
      let before = emptyTable();
      for (const table of steps) {
        digest.update(diffTables(before, table));
        before = table;
      }
      expect(digest.id).toBe(new TableDigest(sha256Hex, before).id);
    }),
  );
});

/** So many middlewares of 100 kB each. */
const manyBytes = (count: number, letter: string): Table => ({
  ...emptyTable(),
  middlewares: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `m${index}`,
      { type: "addPrefix" as const, prefix: `/${letter.repeat(100_000 / letter.length)}` },
    ]),
  ),
});

interface SlowReader {
  pause(): void;
  resume(): void;
  /** All that came, and the last piece of it. */
  text(): string;
  tail(): string;
  close(): void;
}

async function readSlowly(agent: Feed): Promise<SlowReader> {
  const asked = request(`${urlOf(agent)}${FEED_PATH}`, { headers: { authorization: "Bearer secret" } }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", () => {});
  closers.push(() => asked.destroy());
  return {
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    text: () => Buffer.concat(chunks).toString("utf8"),
    tail: () => chunks.at(-1)?.toString("utf8") ?? "",
    close: () => asked.destroy(),
  };
}

async function readSome(agent: Feed, query: string): Promise<{ type: string }[]> {
  const response = await fetch(`${urlOf(agent)}${FEED_PATH}${query}`, { headers: { authorization: "Bearer secret" } });
  const reader = response.body?.getReader();
  let text = "";
  while (text.split("\n").length < 3) text += new TextDecoder().decode((await reader?.read())?.value);
  await reader?.cancel();
  return text
    .trim()
    .split("\n")
    .slice(0, 2)
    .map((line) => JSON.parse(line) as { type: string });
}

/** Passes bytes on to a port, and cuts each connection after so many. */
async function cuttingProxy(to: number): Promise<{ port: number; cutAfter(bytes: number): void }> {
  let limit = Number.POSITIVE_INFINITY;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(to, "127.0.0.1");
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    let passed = 0;
    upstream.on("data", (chunk) => {
      const left = limit - passed;
      passed += chunk.length;
      client.write(chunk.subarray(0, left), () => {
        if (left > chunk.length) return;
        limit = Number.POSITIVE_INFINITY;
        client.destroy();
      });
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as { port: number }).port,
    cutAfter(bytes) {
      limit = bytes;
      for (const socket of open) socket.destroy();
    },
  };
}
