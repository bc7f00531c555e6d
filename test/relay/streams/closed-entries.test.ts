import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { HealthChecks } from "../../../relay/streams/health-checks.ts";
import type { Probe } from "../../../relay/streams/probe-endpoint.ts";
import type { ServersTransport } from "../../../src/table/service.ts";
import type { Table } from "../../../src/table/table.ts";
import type { Certificate } from "../../../src/table/tls.ts";
import {
  certificateFor,
  closeAll,
  echo,
  exchange,
  open,
  openTls,
  read,
  router,
  service,
  startPod,
  startRelay,
  startTlsPod,
} from "../tcp/tcp-harness.ts";
import {
  carryTo,
  closeStreams,
  datagramsTo,
  refuses,
  runStreams,
  soon,
  tableOf,
  tcpAt,
  udpAt,
} from "./streams-harness.ts";

const closedBy = "newer-table";

afterEach(async () => {
  await closeStreams();
  await closeAll();
});

const unknown: [string, string, Record<string, ServersTransport>][] = [
  ["that the table does not have", "mtls", {}],
  ["by a name of every object", "constructor", {}],
  ["that could not be read", "mtls", { mtls: { closedBy } }],
];

describe("a TCP service with a transport", () => {
  it.each(unknown)("%s is not connected to without it, and says so once", async (_, name, serversTransports) => {
    let dialled = 0;
    const pod = await startPod((socket) => {
      dialled++;
      socket.end();
    });
    const relay = await startRelay([
      { tcpRouters: [router("HostSNI(`*`)", "db")], serversTransports },
      service("db", [pod], { serversTransport: name }),
    ]);
    for (let times = 0; times < 3; times++) expect(await exchange(relay.port, "hi")).toBe("");
    await expect.poll(() => relay.ends.map(({ outcome }) => outcome), soon).toEqual(Array(3).fill("unknown-transport"));
    expect(relay.ends[0]).toMatchObject({ service: "db", target: undefined, dialAttempts: 0 });
    expect(dialled).toBe(0);
    expect(relay.logs).toEqual([
      `nothing is sent to the endpoints of db: their ServersTransport ${name} is not in the table, or could not be read`,
    ]);
  });

  describe("and a health check", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it.each(unknown)("%s is not probed", async (_, name, serversTransports) => {
      const probes: Probe[] = [];
      const checks = new HealthChecks({ probe: async (probe) => void probes.push(probe), random: () => 0, log() {} });
      const db = service("db", [1], {
        serversTransport: name,
        healthCheck: { intervalMs: 1_000, timeoutMs: 1_000 },
      });
      checks.take(tableOf(db, { serversTransports }));
      await vi.advanceTimersByTimeAsync(10_000);
      expect(probes).toEqual([]);
      checks.take(tableOf(db, { serversTransports: { [name]: { serverName: "a" } } }));
      await vi.advanceTimersByTimeAsync(10_000);
      expect(probes[0]?.transport).toEqual({ serverName: "a" });
      checks.close();
    });
  });
});

describe("TLS", () => {
  let a: Certificate;
  let any: Certificate;
  let b: Certificate;
  beforeAll(async () => {
    [a, any, b] = await Promise.all([
      certificateFor("a.example"),
      certificateFor("*.example"),
      certificateFor("b.other"),
    ]);
  });

  async function serve(table: Partial<Table>, options?: string) {
    const tls = { passthrough: false, ...(options !== undefined && { options }) };
    const relay = await startRelay([
      { tcpRouters: [router("HostSNI(`*`)", "db", { tls })], ...table },
      service("db", [await startPod(echo("db"))]),
    ]);
    const greetingFor = async (servername: string): Promise<string> => {
      const socket = await openTls(relay.port, { servername });
      return `${socket.getPeerX509Certificate()?.subjectAltName} ${await read(socket, 3)}`;
    };
    return { ...relay, greetingFor };
  }

  it.each<[string, Table["tlsOptions"], string | undefined]>([
    ["options that could not be read", { strict: { closedBy } }, "strict"],
    ["default options that could not be read", { default: { closedBy } }, undefined],
    ["options that the table does not have", { default: {} }, "strict"],
    ["options by a name of every object", {}, "constructor"],
    ["default options that it names, and the table does not have", {}, "default"],
  ])("by %s is refused, and counted", async (_, tlsOptions, name) => {
    const { ends, greetingFor } = await serve({ certificates: { a }, tlsOptions }, name);
    await expect(greetingFor("a.example")).rejects.toThrow(/handshake failure/);
    await expect.poll(() => ends.map(({ outcome }) => outcome), soon).toEqual(["handshake-failed"]);
  });

  it("that ends at the Pod does not ask for options", async () => {
    const pod = await startTlsPod(a, (socket) => socket.end("pod"));
    const relay = await startRelay([
      {
        tcpRouters: [router("HostSNI(`*`)", "db", { tls: { passthrough: true } })],
        tlsOptions: { default: { closedBy } },
      },
      service("db", [pod]),
    ]);
    expect(await read(await openTls(relay.port, { servername: "a.example" }), 3)).toBe("pod");
  });

  it("for the names of a certificate that could not be read shows none in its place", async () => {
    const closed = { certificate: a.certificate, key: "", closedBy };
    const { greetingFor } = await serve({ certificates: { any, b: { ...b, isDefault: true }, closed } });
    await expect(greetingFor("a.example")).rejects.toThrow(/unrecognized name/);
    expect(await greetingFor("c.example")).toBe("DNS:*.example db:");
    expect(await greetingFor("d.other")).toBe("DNS:b.other db:");
  });

  it("for other names shows nothing in the place of a default that could not be read", async () => {
    const closed = { certificate: b.certificate, key: "", isDefault: true, closedBy };
    const { greetingFor } = await serve({ certificates: { a, closed } });
    expect(await greetingFor("a.example")).toBe("DNS:a.example db:");
    for (const name of ["b.other", "c.other"]) await expect(greetingFor(name)).rejects.toThrow(/unrecognized name/);
  });
});

describe("an entry point that could not be read", () => {
  it("is not listened at, and is seen not to be", async () => {
    const table = tableOf(carryTo([1], { ...tcpAt(), closedBy }), {
      relayEntryPoints: { tcp: { ...tcpAt(), closedBy }, unused: { ...tcpAt(), closedBy } },
    });
    const streams = await runStreams(table);
    expect(streams.listeners()).toMatchObject([{ name: "tcp", protocol: "tcp", address: undefined }]);
    expect(streams.status("tcp").reason).toMatch(/older than the agent/);
    const datagrams = await runStreams(datagramsTo([1], { ...udpAt(), closedBy }));
    expect(datagrams.status("dns")).toMatchObject({ protocol: "udp", address: undefined });
  });

  it("gives its port up, while its connections go on, and takes it again", async () => {
    const pod = await startPod(echo("pod"));
    const streams = await runStreams(carryTo([pod]));
    const port = streams.port("tcp");
    const connection = await open(port);
    expect(await read(connection, 4)).toBe("pod:");
    streams.take(carryTo([pod], { ...tcpAt(port), closedBy }));
    await expect.poll(() => refuses(port), soon).toBe(true);
    expect(streams.status("tcp").address).toBeUndefined();
    connection.end("old");
    expect(await read(connection)).toBe("old");
    streams.take(carryTo([pod], tcpAt(port)));
    await streams.settled();
    expect(await exchange(port, "new")).toBe("pod:new");
  });
});
