import "reflect-metadata";
import { createSecureServer } from "node:http2";
import type { NetConnectOpts } from "node:net";
import type { TLSSocket } from "node:tls";
import { status } from "@grpc/grpc-js";
import { KeyUsageFlags } from "@peculiar/x509";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { probeHttp } from "../../../relay/health/probe-http.ts";
import { type Spiffe, startSpiffe } from "../../../relay/spiffe/start-spiffe.ts";
import { probeEndpoint } from "../../../relay/streams/probe-endpoint.ts";
import { FAILURE_HEADER } from "../../../src/hop/hop.ts";
import type { HealthCheck, ServersTransport } from "../../../src/table/service.ts";
import { closeAll as closeGateways, listen, ready, send, startGateway, startPod, tableOf } from "../gateway-harness.ts";
import * as tcp from "../tcp/tcp-harness.ts";
import { type Authority, createAuthority, type IssuedCertificate, names } from "../tls/certificate-authority.ts";
import { type Served, svidOf, WorkloadApi } from "./workload-api.ts";

const RELAY = "spiffe://one.test/relay";
const APP = "spiffe://one.test/ns/shop/sa/app";

let [one, two, stranger] = [] as unknown as [Authority, Authority, Authority];
let served: Served;
let app: IssuedCertificate;
beforeAll(async () => {
  [one, two, stranger] = await Promise.all([createAuthority("one"), createAuthority("two"), createAuthority("one")]);
  served = { svids: [await svidOf(one, RELAY)], federated: { "spiffe://two.test": two.der } };
  app = await one.issue([names.uri(APP)]);
});

const closers: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all([closeGateways(), tcp.closeAll()]);
  for (const closer of closers.splice(0).reverse()) await closer();
});
afterAll(closeGateways);

async function startApi(...answer: Parameters<typeof WorkloadApi.start>): Promise<WorkloadApi> {
  const api = await WorkloadApi.start(...answer);
  closers.push(() => api.close());
  return api;
}

interface Relay extends Spiffe {
  log: string[];
}

function startRelay(endpoint: NetConnectOpts | undefined): Relay {
  const log: string[] = [];
  const spiffe = startSpiffe(endpoint, (_, message, fields) => log.push(`${message} ${JSON.stringify(fields)}`));
  closers.push(() => spiffe.close());
  return { ...spiffe, log };
}

const relayOf = async (answer: Served | number = served): Promise<Relay> =>
  startRelay({ path: (await startApi(answer)).path });

/** What a Pod knows of those who connect to it. */
const ofClient = (socket: TLSSocket): string =>
  `${socket.authorized} ${socket.getPeerX509Certificate()?.subjectAltName} ${socket.isSessionReused()}`;

/** A Pod of HTTP that lets in whom the first authority vouches for, and tells them how it knows them. */
function podOf({ cert, key }: IssuedCertificate, { keepsConnections = true } = {}): Promise<number> {
  const server = createSecureServer({
    ...{ cert, key, allowHTTP1: true },
    ...{ ca: one.cert, requestCert: true, rejectUnauthorized: true },
  });
  server.on("request", (request, response) => {
    const socket = "stream" in request && request.stream ? request.stream.session?.socket : request.socket;
    if (!keepsConnections) response.setHeader("connection", "close");
    response.end(`${request.httpVersion} ${ofClient(socket as TLSSocket)}`);
  });
  return listen(server);
}

const gatewayTo = (port: number, transport: ServersTransport, { trust }: Spiffe) =>
  startGateway(
    tableOf({ app: { scheme: "https", endpoints: ready(port), serversTransport: "t" } }, 7, { t: transport }),
    { spiffe: trust },
  );

async function ask(pod: IssuedCertificate, transport: ServersTransport, relay: Spiffe): Promise<string> {
  const { text, headers } = await send(await gatewayTo(await podOf(pod), transport, relay), "app");
  const failure = headers[FAILURE_HEADER];
  return failure === undefined ? text : String(failure);
}

const KNOWN = `true URI:${RELAY} false`;

describe("a Pod is connected to, and shown who the relay is", () => {
  it.each<[string, ServersTransport, string]>([
    ["when it is any of a known trust domain", { spiffe: {} }, "2.0"],
    ["when it is one of several", { spiffe: { ids: ["spiffe://one.test/x", APP] } }, "2.0"],
    ["when it is of the trust domain", { spiffe: { trustDomain: "one.test" } }, "2.0"],
    [
      "by its ID also where that is of another than the trust domain",
      { spiffe: { ids: [APP], trustDomain: "x" } },
      "2.0",
    ],
    ["over HTTP/1.1", { spiffe: { ids: [APP] }, disableHttp2: true }, "1.1"],
  ])("%s", async (_, transport, version) => {
    expect(await ask(app, transport, await relayOf())).toBe(`${version} ${KNOWN}`);
  });

  it("when another authority vouches for it, for which a known one does", async () => {
    const pod = await (await one.delegate("between")).issue([names.uri(APP)]);
    expect(await ask(pod, { spiffe: { ids: [APP] } }, await relayOf())).toBe(`2.0 ${KNOWN}`);
  });

  it("when the authority that is known is not the last one", async () => {
    const between = await one.delegate("between");
    const relay = await relayOf({ svids: [{ ...(await svidOf(between, RELAY)), bundle: between.der }] });
    const pod = await between.issue([names.uri(APP)]);
    expect(
      await ask({ ...pod, cert: pod.cert.slice(0, pod.cert.indexOf("\n-----BEGIN")) }, { spiffe: {} }, relay),
    ).toContain(RELAY);
  });

  it.each<[string, ServersTransport]>([
    ["any", { spiffe: {} }],
    ["its ID", { spiffe: { ids: [APP, "spiffe://two.test/db"] } }],
    ["its trust domain", { spiffe: { trustDomain: "two.test" } }],
  ])("when it is of another trust domain that is known, by %s", async (_, transport) => {
    const relay = await relayOf();
    const pod = await two.issue([names.uri("spiffe://two.test/db")]);
    const gateway = await gatewayTo(await podOf(pod), { ...transport, disableHttp2: true }, relay);
    for (let i = 0; i < 2; i++) expect((await send(gateway, "app")).text).toBe(`1.1 ${KNOWN}`);
    expect(relay.log.filter((line) => line.includes("not connected"))).toEqual([]);
  });

  it("by the newest identity on each new connection, with no restart", async () => {
    const api = await startApi(served);
    const relay = startRelay({ path: api.path });
    const port = await podOf(app, { keepsConnections: false });
    const gateway = await gatewayTo(port, { spiffe: { ids: [APP] }, disableHttp2: true }, relay);
    expect((await send(gateway, "app")).text).toContain(`URI:${RELAY} `);
    api.say({ svids: [await svidOf(one, `${RELAY}/renewed`)] });
    await vi.waitUntil(() => relay.source?.stats().updates === 2, { timeout: 10_000, interval: 5 });
    expect((await send(gateway, "app")).text).toContain(`URI:${RELAY}/renewed `);
  });

  it("by other authorities than before, when those are others", async () => {
    const api = await startApi(served);
    const relay = startRelay({ path: api.path });
    const port = await podOf(app, { keepsConnections: false });
    const gateway = await gatewayTo(port, { spiffe: {}, disableHttp2: true }, relay);
    expect((await send(gateway, "app")).text).toContain(RELAY);
    api.say({ svids: [{ ...(await svidOf(one, RELAY)), bundle: stranger.der }] });
    await vi.waitUntil(() => relay.source?.stats().updates === 2, { timeout: 10_000, interval: 5 });
    expect((await send(gateway, "app")).headers[FAILURE_HEADER]).toBe("unreachable");
  });
});

describe("a Pod is not connected to", () => {
  it.each<[string, () => Promise<IssuedCertificate>, ServersTransport, RegExp]>([
    ["when it is another one", async () => app, { spiffe: { ids: ["spiffe://one.test/x"] } }, /not allow/],
    ["when it is of another trust domain", async () => app, { spiffe: { trustDomain: "two.test" } }, /not allow/],
    ["when its path is longer", async () => app, { spiffe: { ids: ["spiffe://one.test/ns/shop"] } }, /not allow/],
    ["when it made its certificate itself", () => stranger.issue([names.uri(APP)]), { spiffe: {} }, /no authority/],
    [
      "when the authority of another trust domain vouches for it",
      () => two.issue([names.uri(APP)]),
      { spiffe: {} },
      /no authority of its trust domain/,
    ],
    [
      "when it is of a trust domain of which nothing is known",
      () => one.issue([names.uri("spiffe://three.test/app")]),
      { spiffe: {} },
      /no authority is known/,
    ],
    [
      "when only those may be of whom nothing is known",
      async () => app,
      { spiffe: { trustDomain: "three.test" } },
      /no authority is known/,
    ],
    [
      "when its certificate has ended",
      () => one.issue([names.uri(APP)], { endsInMs: -1000 }),
      { spiffe: {} },
      /EXPIRED/,
    ],
    ["when it names two", () => one.issue([names.uri(APP), names.uri(`${APP}2`)]), { spiffe: {} }, /more than one/],
    ["when it names none", () => one.issue([names.dns("app")]), { spiffe: {} }, /names no URI/],
    ["when it names no path", () => one.issue([names.uri("spiffe://one.test")]), { spiffe: {} }, /no workload/],
    [
      "when it names what is no ID",
      () => one.issue([names.uri("https://one.test/app")]),
      { spiffe: {} },
      /no workload/,
    ],
    ["when it is an authority", () => one.issue([names.uri(APP)], { isCa: true }), { spiffe: {} }, /authority's/],
    [
      "when it may sign others'",
      () => one.issue([names.uri(APP)], { usages: KeyUsageFlags.keyCertSign }),
      { spiffe: {} },
      /authority's/,
    ],
  ])("%s", async (_, issue, transport, reason) => {
    const relay = await relayOf();
    expect(await ask(await issue(), transport, relay)).toBe("unreachable");
    expect(relay.log.at(-1)).toMatch(/a Pod was not connected to/);
    expect(relay.log.at(-1)).toMatch(reason);
    const { untrusted, "not-allowed": notAllowed } = relay.trust.refused;
    expect(untrusted + notAllowed).toBeGreaterThan(0);
  });

  it("when the relay is told of no Workload API, and that is told once", async () => {
    const relay = startRelay(undefined);
    const gateway = await gatewayTo(await podOf(app), { spiffe: {} }, relay);
    for (let i = 0; i < 3; i++) expect((await send(gateway, "app")).headers[FAILURE_HEADER]).toBe("unreachable");
    expect(relay.log).toEqual([expect.stringContaining("told of no SPIFFE Workload API")]);
    expect(relay.trust.refused["not-configured"]).toBe(3);
  });

  it("while there is no identity, and is as soon as there is one", async () => {
    const api = await startApi(status.PERMISSION_DENIED);
    const relay = startRelay({ path: api.path });
    const gateway = await gatewayTo(await podOf(app), { spiffe: {} }, relay);
    expect((await send(gateway, "app")).headers[FAILURE_HEADER]).toBe("unreachable");
    expect(relay.trust.refused["no-identity"]).toBe(1);
    api.say(served);
    await vi.waitUntil(() => relay.source?.current() !== undefined, { timeout: 10_000, interval: 5 });
    expect((await send(gateway, "app")).text).toBe(`2.0 ${KNOWN}`);
  });

  it("without TLS there is nothing to know it by, as in Traefik", async () => {
    const port = await startPod((_, response) => response.end("plain"));
    const table = tableOf({ app: { scheme: "http", endpoints: ready(port), serversTransport: "t" } }, 7, {
      t: { spiffe: {} },
    });
    expect((await send(await startGateway(table, { spiffe: startRelay(undefined).trust }), "app")).text).toBe("plain");
  });
});

it.each(["http", "grpc"] as const)("a health check by %s goes to whom requests go to", async (mode) => {
  const { trust } = await relayOf();
  const probe = async (pod: IssuedCertificate) => {
    const port = await podOf(pod);
    const healthCheck: HealthCheck = {
      ...{ mode, path: "/", method: "GET", headers: {}, followRedirects: false },
      ...{ intervalMs: 1_000, unhealthyIntervalMs: 1_000, timeoutMs: 5_000 },
    };
    const target = { address: "127.0.0.1", authority: `127.0.0.1:${port}` };
    return probeHttp({ target, healthCheck, scheme: "https", transport: { spiffe: {} } }, trust).then(
      () => "passed",
      (error: Error) => error.message,
    );
  };
  expect(await probe(app)).toBe(mode === "http" ? "passed" : "it does not speak gRPC");
  expect(await probe(await stranger.issue([names.uri(APP)]))).toMatch(/no authority of its trust domain/);
});

describe("a Pod of TCP", () => {
  const DB = "spiffe://two.test/db";
  const carry = async (pod: IssuedCertificate, transport: ServersTransport, { trust }: Spiffe, more = {}) => {
    const port = await tcp.startTlsPod({ certificate: pod.cert, key: pod.key }, tcp.echo("db"));
    const relay = await tcp.startRelay(
      [
        tcp.service("db", [port], { tls: true, serversTransport: "t", ...more }),
        { tcpRouters: [tcp.router("HostSNI(`*`)", "db")], serversTransports: { t: transport } },
      ],
      {},
      { spiffe: trust },
    );
    return tcp.exchange(relay.port, "hi");
  };

  it.each<[string, () => Promise<IssuedCertificate>, ServersTransport]>([
    ["of the relay's trust domain", async () => app, { spiffe: { ids: [APP] } }],
    ["of another one", () => two.issue([names.uri(DB)]), { spiffe: { trustDomain: "two.test" } }],
    ["of another one than it was taken for", () => two.issue([names.uri(DB)]), { spiffe: {} }],
  ])("is sent connections: one %s", async (_, issue, transport) => {
    expect(await carry(await issue(), transport, await relayOf())).toBe("db:hi");
  });

  it.each<[string, () => Promise<IssuedCertificate>, ServersTransport]>([
    ["that is not allowed", async () => app, { spiffe: { ids: [DB] } }],
    ["that another trust domain vouches for", () => two.issue([names.uri(APP)]), { spiffe: {} }],
    ["that nobody vouches for", () => stranger.issue([names.uri(APP)]), { spiffe: { ids: [APP] } }],
  ])("is sent none: one %s", async (_, issue, transport) => {
    expect(await carry(await issue(), transport, await relayOf())).toBe("");
  });

  it("is sent none while the relay has no identity", async () => {
    expect(await carry(app, { spiffe: {} }, startRelay(undefined))).toBe("");
  });

  it("is probed as it is connected to", async () => {
    const { trust } = await relayOf();
    const probe = async (pod: IssuedCertificate) => {
      const port = await tcp.startTlsPod({ certificate: pod.cert, key: pod.key }, tcp.echo("db"));
      const target = { address: "127.0.0.1", authority: `127.0.0.1:${port}`, isTerminating: false };
      const healthCheck = { intervalMs: 1_000, timeoutMs: 5_000, send: "x", expect: "db:" };
      return probeEndpoint({ target, healthCheck, loadBalancer: { tls: true }, transport: { spiffe: {} } }, trust);
    };
    await expect(probe(await two.issue([names.uri(DB)]))).resolves.toBeUndefined();
    await expect(probe(await stranger.issue([names.uri(APP)]))).rejects.toThrow(/no authority/);
  });
});
