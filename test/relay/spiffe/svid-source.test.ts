import { getEventListeners, once } from "node:events";
import { createServer, type Socket } from "node:net";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { followSvids } from "../../../relay/spiffe/follow-svids.ts";
import { type SvidSource, type SvidSourceOptions, startSvidSource } from "../../../relay/spiffe/svid-source.ts";
import { type Authority, createAuthority } from "../tls/certificate-authority.ts";
import { encode, field, type ServedSvid, svidOf, WorkloadApi } from "./workload-api.ts";

const RELAY = "spiffe://one.test/ns/edge/sa/relay";

let [one, two] = [] as unknown as [Authority, Authority];
let svid: ServedSvid;
beforeAll(async () => {
  [one, two] = await Promise.all([createAuthority("one"), createAuthority("two")]);
  svid = await svidOf(one, RELAY);
});

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const closer of closers.splice(0).reverse()) await closer();
});

async function startApi(...answer: Parameters<typeof WorkloadApi.start>): Promise<WorkloadApi> {
  const api = await WorkloadApi.start(...answer);
  closers.push(() => api.close());
  return api;
}

interface Followed {
  source: SvidSource;
  log: string[];
  /** Resolves when what it gives passes. */
  until(passes: (source: SvidSource) => boolean): Promise<unknown>;
}

function follow(path: string, options: Partial<SvidSourceOptions> = {}): Followed {
  const log: string[] = [];
  const source = startSvidSource({
    endpoint: { path },
    now: Date.now,
    random: () => 0,
    log: (_, message, fields) => log.push(`${message} ${JSON.stringify(fields)}`),
    pauseMs: { first: 10, longest: 40 },
    ...options,
  });
  closers.push(() => source.close());
  return { source, log, until: (passes) => vi.waitUntil(() => passes(source), { timeout: 10_000, interval: 5 }) };
}

const idOf = (source: SvidSource) => source.current()?.id;

describe("an identity", () => {
  it("comes with its key, and with the authorities of each trust domain", async () => {
    const api = await startApi({ svids: [svid], federated: { "spiffe://two.test": two.der } });
    const { source } = follow(api.path);
    await source.settled();
    const { id, trustDomain, certificate, key, bundles, expiresAt } = source.current() ?? expect.unreachable();
    expect({ id, trustDomain }).toEqual({ id: RELAY, trustDomain: "one.test" });
    expect(certificate).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect([...bundles.keys()].toSorted()).toEqual(["one.test", "two.test"]);
    expect(bundles.get("two.test")?.[0]?.replaceAll(/\s/g, "")).toBe(two.cert.replaceAll(/\s/g, ""));
    expect(expiresAt).toBeGreaterThan(Date.now());
  });

  it("is the first of several, and has those between it and the authority", async () => {
    const between = await one.delegate("between");
    const delegated = await svidOf(between, "spiffe://one.test/delegated");
    const api = await startApi({ svids: [{ ...delegated, bundle: one.der }, svid] });
    const { source } = follow(api.path);
    await source.settled();
    expect(idOf(source)).toBe("spiffe://one.test/delegated");
    expect(source.current()?.certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  it("is another one when another comes, on the same call", async () => {
    const api = await startApi({ svids: [svid] });
    const { source, until } = follow(api.path);
    await source.settled();
    const before = source.current();
    api.say({ svids: [await svidOf(one, RELAY)] });
    await until(({ current }) => current() !== before);
    expect(idOf(source)).toBe(RELAY);
    expect(api.calls).toBe(1);
    expect(source.stats()).toEqual({ updates: 2, failures: 0 });
  });

  it("loses the authorities that are named no longer", async () => {
    const api = await startApi({ svids: [svid], federated: { "two.test": two.der } });
    const { source, until } = follow(api.path);
    await source.settled();
    api.say({ svids: [svid] });
    await until(({ stats }) => stats().updates === 2);
    expect([...(source.current()?.bundles.keys() ?? [])]).toEqual(["one.test"]);
  });

  it("is none any more when it ends", async () => {
    const api = await startApi({ svids: [await svidOf(one, RELAY, 60_000)] });
    let now = Date.now();
    const { source } = follow(api.path, { now: () => now });
    await source.settled();
    expect(idOf(source)).toBe(RELAY);
    now += 61_000;
    expect(idOf(source)).toBeUndefined();
  });

  it("is asked for anew in time when no other comes: a call may be lost without a word", async () => {
    const api = await startApi({ svids: [await svidOf(one, RELAY, 1)] });
    const { source, log } = follow(api.path);
    await source.settled();
    await api.called();
    await api.called();
    expect(log).toHaveLength(1);
    expect(source.stats().failures).toBe(0);
  });
});

describe("who listens", () => {
  it("is told of each identity that is another, and of its loss, and not of the same again", async () => {
    const api = await startApi({ svids: [svid], federated: { "two.test": two.der } });
    const { source, until } = follow(api.path);
    const told: (string | undefined)[] = [];
    const stop = source.onChange(() => told.push(idOf(source)));
    await source.settled();
    api.say({ svids: [svid], federated: { "two.test": two.der } });
    await until(({ stats }) => stats().updates === 2);
    expect(told).toEqual([RELAY]);
    const before = source.current();
    api.say({ svids: [svid], federated: { "two.test": one.der } });
    await until(({ stats }) => stats().updates === 3);
    expect(source.current()).not.toBe(before);
    api.say(status.PERMISSION_DENIED);
    await until(({ current }) => current() === undefined);
    expect(told).toEqual([RELAY, RELAY, undefined]);
    stop();
    api.say({ svids: [svid] });
    await until(({ current }) => current()?.id === RELAY);
    expect(told).toHaveLength(3);
  });

  it("is told when the identity ends", async () => {
    const api = await startApi({ svids: [await svidOf(one, RELAY, 2_000)] });
    const { source, until } = follow(api.path);
    const told: (string | undefined)[] = [];
    source.onChange(() => told.push(idOf(source)));
    await source.settled();
    await until(() => told.length > 0 && told.at(-1) === undefined);
    expect(idOf(source)).toBeUndefined();
  });
});

describe("without an identity", () => {
  it("it is told of none that nobody may have, until there is one", async () => {
    const api = await startApi(status.PERMISSION_DENIED);
    const { source, log, until } = follow(api.path);
    await source.settled();
    expect(idOf(source)).toBeUndefined();
    await api.called();
    // A reason is told once, however often it is asked.
    expect(log).toEqual([expect.stringContaining("gRPC status 7 (no identity issued)")]);
    api.say({ svids: [svid] });
    await until(({ current }) => current()?.id === RELAY);
  });

  it("it lets go of the one that it had when the API says so, and of none when that is away", async () => {
    const api = await startApi({ svids: [svid] });
    const { source, until } = follow(api.path);
    await source.settled();
    api.kill();
    await until(({ stats }) => stats().failures > 1);
    expect(idOf(source)).toBe(RELAY);
    api.say(status.PERMISSION_DENIED);
    await api.listen();
    await until(({ current }) => current() === undefined);
  });

  it("it waits for an API that is started later", async () => {
    const api = await startApi({ svids: [svid] });
    api.kill();
    const { source, log, until } = follow(api.path);
    await source.settled();
    expect(idOf(source)).toBeUndefined();
    expect(log[0]).toContain("it cannot be reached");
    await api.listen();
    await until(({ current }) => current()?.id === RELAY);
  });

  it("it gives up an API that takes connections and says nothing", async () => {
    const sockets: Socket[] = [];
    const api = await startApi();
    api.kill();
    const server = createServer((socket) => sockets.push(socket)).listen(api.path);
    await once(server, "listening");
    closers.push(
      () => server.close(),
      () => sockets.forEach((socket) => void socket.destroy()),
    );
    const { source, log, until } = follow(api.path, { answerMs: 20 });
    await until(() => sockets.length > 1);
    expect(source.stats().failures).toBeGreaterThan(0);
    expect(log).toEqual([expect.stringContaining("it did not answer in time")]);
  });

  it("a call that has failed leaves nothing on the signal that outlives it", async () => {
    const { signal } = new AbortController();
    await expect(followSvids({ path: "/nowhere/agent.sock" }, () => {}, signal)).rejects.toThrow(/cannot be reached/);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it.each([
    ["ends the connection", (socket: Socket) => socket.end()],
    ["speaks no HTTP/2", (socket: Socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n")],
    ["cuts the connection", (socket: Socket) => socket.destroy()],
  ])("it asks again an API that %s", async (_, answer) => {
    const api = await startApi();
    api.kill();
    const server = createServer((socket) => {
      socket.on("error", () => {});
      answer(socket);
    }).listen(api.path);
    await once(server, "listening");
    closers.push(() => server.close());
    const { source, until } = follow(api.path);
    await until(({ stats }) => stats().failures > 2);
    expect(idOf(source)).toBeUndefined();
  });
});

describe("an answer that cannot be used", () => {
  const lacking = (...fields: Buffer[]) => field(1, Buffer.concat(fields));
  const other = async () => svidOf(two, "spiffe://one.test/other");
  it.each<[string, () => Promise<Buffer> | Buffer, RegExp]>([
    ["has no SVID", () => Buffer.alloc(0), /has no SVID/],
    [
      "lacks the key",
      () => lacking(field(1, RELAY), field(2, svid.svid.chainDer), field(4, svid.bundle)),
      /lacks a field/,
    ],
    [
      "has the key of another",
      async () => encode({ svids: [{ ...svid, svid: { ...svid.svid, keyDer: (await other()).svid.keyDer } }] }),
      /do not belong together/,
    ],
    ["has the name of another", async () => encode({ svids: [{ ...(await other()), id: RELAY }] }), /names .*other/],
    ["has a name that is none", () => encode({ svids: [{ ...svid, id: "https://one.test/x" }] }), /no SPIFFE ID/],
    [
      "is an authority's",
      async () =>
        encode({ svids: [{ ...svid, svid: await one.issue([{ type: "url", value: RELAY }], { isCa: true }) }] }),
      /is an authority's/,
    ],
    [
      "has a certificate that ends too soon",
      () => encode({ svids: [{ ...svid, svid: { ...svid.svid, chainDer: svid.svid.chainDer.subarray(0, 99) } }] }),
      /too soon/,
    ],
    ["has authorities that are none", () => encode({ svids: [{ ...svid, bundle: Buffer.from("hello") }] }), /DER/],
    [
      "has a trust domain that is none",
      () => encode({ svids: [svid], federated: { "Two.Test": two.der } }),
      /no trust domain/,
    ],
    ["is no message", () => Buffer.from([0x0a, 0xff]), /./],
  ])("leaves the one before in use: one that %s", async (_, make, reason) => {
    const api = await startApi({ svids: [svid] });
    const { source, log, until } = follow(api.path);
    await source.settled();
    const before = source.current();
    api.say(await make());
    await until(({ stats }) => stats().failures === 1);
    expect(source.current()).toBe(before);
    expect(log.at(-1)).toMatch(reason);
    // The call goes on.
    api.say({ svids: [svid] });
    await until(({ stats }) => stats().updates === 2);
    expect(api.calls).toBe(1);
  });
});
