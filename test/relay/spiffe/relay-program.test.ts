import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { readRelaySettings, readSpiffeEndpoint } from "../../../cli/commands/relay-flags.ts";
import { emptyTable } from "../../../src/table/empty-table.ts";
import type { Table } from "../../../src/table/table.ts";
import { closePrograms, relayFolder, runFeed, runRelay } from "../streams/relay-program.ts";
import { closeAll, echo, exchange, router, service, startTlsPod } from "../tcp/tcp-harness.ts";
import { createAuthority, names } from "../tls/certificate-authority.ts";
import { svidOf, WorkloadApi } from "./workload-api.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all([closePrograms(), closeAll()]);
  for (const closer of closers.splice(0)) await closer();
});

describe("sluice relay", () => {
  it("knows Pods by the Workload API that it is told of, and tells how that is", async () => {
    const authority = await createAuthority("one");
    const [api, pod, dir, feed] = await Promise.all([
      WorkloadApi.start(status.PERMISSION_DENIED),
      authority.issue([names.uri("spiffe://one.test/db")]),
      relayFolder(),
      runFeed(),
    ]);
    closers.push(() => api.close());
    const port = await startTlsPod({ certificate: pod.cert, key: pod.key }, echo("db"));
    const table: Table = {
      ...emptyTable(),
      ...service("db", [port], { tls: true, serversTransport: "t" }),
      relayEntryPoints: { tcp: { protocol: "tcp", host: "127.0.0.1", port: 0 } },
      tcpRouters: [router("HostSNI(`*`)", "db")],
      serversTransports: { t: { spiffe: { ids: ["spiffe://one.test/db"] } } },
    };
    feed.serve(table);
    const relay = await runRelay(dir, "--feed", feed.url, "--spiffe-endpoint", `unix://${api.path}`);
    const entryPoint = await relay.port("tcp");
    expect(await exchange(entryPoint, "hi")).toBe("");
    await relay.line(({ msg }) => msg === "SPIFFE: a Pod was not connected to");
    const refused = await relay.metrics();
    expect(refused).toContain('sluice_relay_spiffe_refused_total{reason="no-identity"} 1');
    expect(refused).toContain("sluice_relay_spiffe_ready 0");

    api.say({ svids: [await svidOf(authority, "spiffe://one.test/relay")] });
    await relay.line(({ msg, id }) => msg === "SPIFFE: an identity came" && id === "spiffe://one.test/relay");
    expect(await exchange(entryPoint, "hi")).toBe("db:hi");
    const carried = await relay.metrics();
    expect(carried).toContain("sluice_relay_spiffe_ready 1");
    expect(carried).toContain("sluice_relay_spiffe_updates_total 1");
    expect(Number(/^sluice_relay_spiffe_expires_seconds (.*)$/m.exec(carried)?.[1])).toBeGreaterThan(60);
    // Neither the key nor anything else of the certificate is logged.
    expect(JSON.stringify(relay.lines)).not.toContain("BEGIN");

    relay.child.kill("SIGTERM");
    expect(await relay.exit).toEqual([0, null]);
  });

  it("reads SPIFFE's own variable, and says of an address that it is none", async () => {
    const dir = await relayFolder();
    const args = [
      "--feed",
      "http://127.0.0.1:1",
      "--feed-token-file",
      `${dir}/token`,
      "--hop-keys",
      `${dir}/keys.json`,
    ];
    const env = { ...process.env, SPIFFE_ENDPOINT_SOCKET: "agent.sock" };
    const run = promisify(execFile)(process.execPath, ["cli/sluice.ts", "relay", ...args], { env });
    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error: SPIFFE_ENDPOINT_SOCKET agent.sock is no address of a Workload API"),
    });
  });
});

describe("the address of the Workload API", () => {
  const flags = { feed: "https://a", "feed-token-file": "t", "hop-keys": "k" };
  it.each([
    [undefined, undefined, undefined],
    [undefined, "", undefined],
    [undefined, "unix:///a.sock", { path: "/a.sock" }],
    ["unix:///b.sock", "unix:///a.sock", { path: "/b.sock" }],
    ["unix:///b.sock", "nonsense", { path: "/b.sock" }],
  ])("is the flag's %s, else the variable's %s", (flag, variable, endpoint) => {
    expect(readSpiffeEndpoint(flag, variable)).toEqual(endpoint);
    const given = flag === undefined ? flags : { ...flags, "spiffe-endpoint": flag };
    expect(readRelaySettings(given, variable).spiffeEndpoint).toEqual(endpoint);
  });

  it("is none of the flag's, and that is told", () => {
    const given = { ...flags, "spiffe-endpoint": "localhost" };
    expect(() => readRelaySettings(given, "unix:///a.sock")).toThrow("--spiffe-endpoint localhost is no address");
  });
});
