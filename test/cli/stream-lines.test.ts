import { describe, expect, it } from "vitest";
import { startPage } from "../../cli/print/start-page.ts";
import { streamLines } from "../../cli/print/stream-lines.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import type { Table } from "../../src/table/table.ts";
import type { TcpRouter } from "../../src/table/tcp.ts";
import { router } from "../relay/tcp/tcp-harness.ts";

const tableOf = (...tcpRouters: TcpRouter[]): Table => ({
  ...emptyTable(),
  entryPoints: { db: { port: 27017 } },
  relayEntryPoints: { db: { protocol: "tcp", host: "", port: 27017 }, dns: { protocol: "udp", host: "", port: 53 } },
  tcpRouters,
});
const withUdp = (table: Table, service: string, entryPoint = "dns"): Table => ({
  ...table,
  udpRouters: [{ name: service, entryPoints: [entryPoint], tieBreaker: "a", service }],
});
const listeners = { db: { host: "127.0.0.1", port: 27017 }, dns: { host: "127.0.0.1", port: 8053 } };
const tls = { passthrough: true };
const on = (text: string, service = "default-app-80", options: Partial<TcpRouter> = {}): TcpRouter =>
  router(text, service, { entryPoints: ["db"], ...options });

describe("streamLines", () => {
  it.each([
    [on("HostSNI(`*`)"), "echo WHO | nc -w1 127.0.0.1 27017"],
    [on("HostSNI(`*`)", "default-postgres-5432"), "psql 'host=127.0.0.1 port=27017 sslmode=disable'"],
    [on("HostSNI(`*`)", "default-kube-dns-53"), "dig @127.0.0.1 -p 27017 +tcp example.com"],
    [on("ClientIP(`127.0.0.0/8`)"), "echo WHO | nc -w1 127.0.0.1 27017"],
    [
      on("HostSNI(`a.example`)", "a", { tls }),
      "echo WHO | openssl s_client -quiet -connect 127.0.0.1:27017 -servername a.example",
    ],
    [on("HostSNI(`*`)", "a", { tls }), "echo WHO | openssl s_client -quiet -connect 127.0.0.1:27017 -noservername"],
    [
      on("HostSNI(`*.a.example`) && ALPN(`h2`)", "a", { tls }),
      "echo WHO | openssl s_client -quiet -connect 127.0.0.1:27017 -servername any.a.example -alpn h2",
    ],
    [
      on("HostSNIRegexp(`^x+\\.a$`)", "a", { tls }),
      "echo WHO | openssl s_client -quiet -connect 127.0.0.1:27017 -servername x.a",
    ],
    [
      on("HostSNI(`a.example`)", "default-pg-5432", { tls }),
      "psql 'host=a.example hostaddr=127.0.0.1 port=27017 sslmode=require'",
    ],
    [on("ClientIP(`192.0.2.1`)"), "# ClientIP(`192.0.2.1`): no connection that reaches it could be made up"],
  ])("reaches %#", (tcpRouter, line) => {
    expect(streamLines(tableOf(tcpRouter), listeners)).toEqual([line]);
  });

  it.each([
    ["default-syslog-514", "echo WHO | nc -u -w1 127.0.0.1 8053"],
    ["default-dns-53-udp", "dig @127.0.0.1 -p 8053 example.com"],
  ])("reaches %s over UDP", (service, line) => {
    const table = withUdp(tableOf(), service, "udp");
    expect(streamLines(table, { udp: listeners.dns })).toEqual([line]);
  });

  it("puts nothing into a shell that a rule has made up", () => {
    const rule = { type: "sni", name: "$(reboot).example" } as const;
    const [line] = streamLines(tableOf({ ...on("HostSNI(`x`)", "a", { tls }), rule }), listeners);
    expect(line).toMatch(/^# /);
  });

  it("is silent of entry points that do not listen", () => {
    expect(streamLines(tableOf(on("HostSNI(`*`)")), {})).toEqual([]);
  });
});

it("are on the start page, with where clients connect to", () => {
  const page = startPage(withUdp(tableOf(on("HostSNI(`*`)")), "default-dns-53"), [
    { name: "db", host: "127.0.0.1", port: 27017, tls: false },
    { name: "dns", host: "127.0.0.1", port: 8053, tls: false, protocol: "udp" },
  ]);
  expect(page.slice(0, 3)).toEqual(["Listening", "  db   tcp://127.0.0.1:27017", "  dns  udp://127.0.0.1:8053"]);
  expect(page.slice(-3)).toEqual([
    "Try",
    "  echo WHO | nc -w1 127.0.0.1 27017",
    "  dig @127.0.0.1 -p 8053 example.com",
  ]);
});
