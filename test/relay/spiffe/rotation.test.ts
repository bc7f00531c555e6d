import "reflect-metadata";
import { once } from "node:events";
import { createSecureServer } from "node:http2";
import type { TLSSocket } from "node:tls";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { SpiffeTrust } from "../../../relay/spiffe/spiffe-trust.ts";
import { type SvidSource, startSvidSource } from "../../../relay/spiffe/svid-source.ts";
import { FAILURE_HEADER } from "../../../src/hop/hop.ts";
import type { ServersTransport } from "../../../src/table/service.ts";
import { closeAll, listen, ready, send, startGateway, type TestGateway, tableOf } from "../gateway-harness.ts";
import { type Authority, createAuthority, type IssuedCertificate, names } from "../tls/certificate-authority.ts";
import { type Served, svidOf, WorkloadApi } from "./workload-api.ts";

const RELAY = "spiffe://one.test/relay";

let [one, stranger] = [] as unknown as [Authority, Authority];
let app: IssuedCertificate;
let served: Served;
beforeAll(async () => {
  [one, stranger] = await Promise.all([createAuthority("one"), createAuthority("one")]);
  app = await one.issue([names.uri("spiffe://one.test/app"), names.dns("app.test")]);
  served = { svids: [await svidOf(one, RELAY)] };
});

const closers: (() => unknown)[] = [];
afterEach(async () => {
  await closeAll();
  for (const closer of closers.splice(0).reverse()) await closer();
});

interface Pod {
  port: number;
  /** When each of its connections was closed. */
  closed: Promise<unknown>[];
  /** Resolves when a request is there that waits. */
  isHeld: Promise<void>;
  /** Lets it have its answer. */
  release: () => void;
}

/** A Pod that tells clients on which of its connections they are, and how it knows them; `/hold` waits until it is told. */
async function startPod(): Promise<Pod> {
  const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const closed: Promise<unknown>[] = [];
  const numbers = new Map<number | undefined, number>();
  const server = createSecureServer({
    ...{ cert: app.cert, key: app.key, allowHTTP1: true },
    ...{ ca: one.cert, requestCert: true, rejectUnauthorized: true },
  });
  // Clients of HTTP/1.1 are told how long it keeps connections, and close them before.
  Object.assign(server, { keepAliveTimeout: 120_000 });
  server.on("secureConnection", (socket: TLSSocket) => {
    numbers.set(socket.remotePort, closed.push(once(socket, "close")) - 1);
  });
  server.on("request", async (request, response) => {
    const stands = "stream" in request && request.stream ? request.stream.session?.socket : request.socket;
    const { remotePort, getPeerX509Certificate } = stands as TLSSocket;
    const client = `${numbers.get(remotePort)} ${getPeerX509Certificate.call(stands)?.subjectAltName}`;
    if (request.url === "/hold") {
      held.resolve();
      await released.promise;
    }
    response.end(client);
  });
  return { port: await listen(server), closed, isHeld: held.promise, release: released.resolve };
}

const tableTo = (port: number, transport: ServersTransport) =>
  tableOf({ app: { scheme: "https", endpoints: ready(port), serversTransport: "t" } }, 7, { t: transport });

/** What a Pod says, or why none was asked. */
async function ask(gateway: TestGateway, path = "/"): Promise<string> {
  const { text, headers } = await send(gateway, "app", { path });
  return String(headers[FAILURE_HEADER] ?? text);
}

/** What a relay knows of Pods, and how it is told. */
async function startRelay() {
  const api = await WorkloadApi.start(served);
  closers.push(() => api.close());
  let passedMs = 0;
  const now = () => Date.now() + passedMs;
  const source = startSvidSource({ endpoint: { path: api.path }, now, random: () => 0, log: () => {} });
  closers.push(() => source.close());
  return {
    trust: new SpiffeTrust({ source, now }),
    source,
    pass: (ms: number) => {
      passedMs += ms;
    },
    told: async (next: Parameters<WorkloadApi["say"]>[0], passes: (source: SvidSource) => boolean) => {
      api.say(next);
      await vi.waitUntil(() => passes(source), { timeout: 10_000, interval: 5 });
    },
  };
}

/** A relay that knows Pods by SPIFFE, with a connection to one. */
async function connected(transport: ServersTransport) {
  const relay = await startRelay();
  const pod = await startPod();
  const gateway = await startGateway(tableTo(pod.port, { spiffe: {}, ...transport }), { spiffe: relay.trust });
  expect(await ask(gateway)).toBe(`0 URI:${RELAY}`);
  return { pod, gateway, ...relay };
}

const isUpdated = ({ stats }: SvidSource): boolean => stats().updates === 2;

describe.each([
  ["HTTP/2", {}],
  ["HTTP/1.1", { disableHttp2: true }],
])("over %s, when the Workload API says so, nothing goes by the connections that stand", (_, transport) => {
  it("with another certificate; what is on its way arrives", async () => {
    const { pod, gateway, told } = await connected(transport);
    const held = ask(gateway, "/hold");
    await pod.isHeld;
    await told({ svids: [await svidOf(one, `${RELAY}/renewed`)] }, isUpdated);
    expect(await ask(gateway)).toBe(`1 URI:${RELAY}/renewed`);
    pod.release();
    expect(await held).toBe(`0 URI:${RELAY}`);
    await pod.closed[0];
    expect(await ask(gateway)).toBe(`1 URI:${RELAY}/renewed`);
  });

  it("with other authorities", async () => {
    const { pod, gateway, told } = await connected(transport);
    await told({ svids: [{ ...(served.svids[0] ?? expect.unreachable()), bundle: stranger.der }] }, isUpdated);
    expect(await ask(gateway)).toBe("unreachable");
    await pod.closed[0];
  });

  it("without an identity, and they close though nobody asks", async () => {
    const { pod, gateway, told } = await connected(transport);
    await told(status.PERMISSION_DENIED, ({ current }) => current() === undefined);
    await pod.closed[0];
    expect(await ask(gateway)).toBe("unreachable");
  });

  it("after the end of the certificate", async () => {
    const { pod, gateway, pass } = await connected(transport);
    pass(3_600_000);
    expect(await ask(gateway)).toBe("unreachable");
    await pod.closed[0];
  });
});

it("connections stand when the Workload API says the same again", async () => {
  const { gateway, told } = await connected({});
  await told(served, isUpdated);
  expect(await ask(gateway)).toBe(`0 URI:${RELAY}`);
});

it("connections to Pods that are not known by SPIFFE stand", async () => {
  const { trust, source, told } = await startRelay();
  const pod = await startPod();
  const own = await one.issue([names.dns("relay.test")]);
  const transport = { rootCAs: [one.cert], serverName: "app.test", certificates: [pairOf(own)] };
  const gateway = await startGateway(tableTo(pod.port, transport), { spiffe: trust });
  await source.settled();
  expect(await ask(gateway)).toBe("0 DNS:relay.test");
  await told({ svids: [await svidOf(one, `${RELAY}/renewed`)] }, isUpdated);
  expect(await ask(gateway)).toBe("0 DNS:relay.test");
});

const pairOf = ({ cert, key }: IssuedCertificate) => ({ certificate: cert, key });

describe.each([
  ["HTTP/2", false],
  ["HTTP/1.1", true],
])("over %s, when a ServersTransport is another", (_, disableHttp2) => {
  async function startMutual() {
    const pod = await startPod();
    const before = await one.issue([names.dns("before.test")]);
    const transport: ServersTransport = { rootCAs: [one.cert], serverName: "app.test", disableHttp2 };
    const by = (issued: IssuedCertificate) => tableTo(pod.port, { ...transport, certificates: [pairOf(issued)] });
    const gateway = await startGateway(by(before));
    expect(await ask(gateway)).toBe("0 DNS:before.test");
    return { pod, before, by, gateway };
  }

  it("its new certificate is shown, and what is on its way arrives", async () => {
    const { pod, by, gateway } = await startMutual();
    const held = ask(gateway, "/hold");
    await pod.isHeld;
    gateway.setTable(by(await one.issue([names.dns("after.test")])));
    expect(await ask(gateway)).toBe("1 DNS:after.test");
    pod.release();
    expect(await held).toBe("0 DNS:before.test");
    await pod.closed[0];
    expect(await ask(gateway)).toBe("1 DNS:after.test");
  });

  it("connections by the old one close though nobody asks", async () => {
    const { pod, by, gateway } = await startMutual();
    gateway.setTable(by(await one.issue([names.dns("after.test")])));
    await pod.closed[0];
    expect(await ask(gateway)).toBe("1 DNS:after.test");
  });

  it("it trusts other authorities: a Pod is asked no more that they do not vouch for", async () => {
    const { pod, before, gateway } = await startMutual();
    const transport = {
      rootCAs: [stranger.cert],
      serverName: "app.test",
      disableHttp2,
      certificates: [pairOf(before)],
    };
    gateway.setTable(tableTo(pod.port, transport));
    expect(await ask(gateway)).toBe("unreachable");
    await pod.closed[0];
  });

  it("connections stand when a table that was read anew says the same", async () => {
    const { by, before, gateway } = await startMutual();
    gateway.setTable(structuredClone(by(before)));
    expect(await ask(gateway)).toBe("0 DNS:before.test");
  });
});
