import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { probeEndpoint } from "../../../relay/streams/probe-endpoint.ts";
import type { ServersTransport } from "../../../src/table/service.ts";
import { type Authority, createAuthority, type IssuedCertificate, names } from "../tls/certificate-authority.ts";
import { closeAll, echo, exchange, router, service, startRelay, startTlsPod } from "./tcp-harness.ts";

afterEach(closeAll);

const NAMED = "spiffe://cluster/ns/db";
const uri = (value: string) => ({ type: "uri" as const, value });
const dns = (value: string) => ({ type: "dns" as const, value });

let authority: Authority;
let stranger: Authority;
let own: IssuedCertificate;
let forged: IssuedCertificate;
beforeAll(async () => {
  [authority, stranger] = await Promise.all([createAuthority("own"), createAuthority("stranger")]);
  const alternatives = [names.uri(NAMED), names.dns("db.example")];
  [own, forged] = await Promise.all([authority.issue(alternatives), stranger.issue(alternatives)]);
});

const podOf = ({ cert, key }: IssuedCertificate) => startTlsPod({ certificate: cert, key }, echo("pod"));

/** What a client is sent back that sends `hi` to a Pod with this certificate. */
async function carried(certificate: IssuedCertificate, transport: ServersTransport): Promise<string> {
  const relay = await startRelay([
    service("db", [await podOf(certificate)], { tls: true, serversTransport: "t" }),
    {
      tcpRouters: [router("HostSNI(`*`)", "db")],
      serversTransports: { t: { rootCAs: [authority.cert], serverName: "db.example", ...transport } },
    },
  ]);
  return exchange(relay.port, "hi");
}

describe("a Pod of TLS is sent a connection", () => {
  it.each<[string, ServersTransport]>([
    ["when it names the URI", { peerCertUri: NAMED }],
    [
      "when it names it, its server's name aside",
      { peerCertUri: NAMED, insecureSkipVerify: true, serverName: "x.com" },
    ],
    ["when it names one of several", { peerCertSans: [dns("other.example"), dns("db.example")] }],
    ["when it names one, or the URI", { peerCertSans: [uri("spiffe://cluster/other")], peerCertUri: NAMED }],
  ])("%s", async (_, transport) => {
    expect(await carried(own, transport)).toBe("pod:hi");
  });
});

describe("a Pod of TLS is sent no connection", () => {
  it.each<[string, ServersTransport]>([
    ["when it names another URI", { peerCertUri: "spiffe://cluster/ns/other" }],
    ["when it names another, whatever else is not looked at", { peerCertUri: "spiffe://c", insecureSkipVerify: true }],
    ["when it names none of several", { peerCertSans: [dns("other.example"), uri("spiffe://cluster/ns")] }],
    ["when it names the URI, but is another server", { peerCertUri: NAMED, serverName: "elsewhere.example" }],
  ])("%s", async (_, transport) => {
    expect(await carried(own, transport)).toBe("");
  });

  it.each<[string, ServersTransport]>([
    ["is verified", { peerCertUri: NAMED }],
    ["frees of the server's name", { peerCertUri: NAMED, insecureSkipVerify: true }],
    ["frees of it, for one of several", { peerCertSans: [uri(NAMED)], insecureSkipVerify: true }],
  ])("when nobody that is trusted says its name, where the transport %s", async (_, transport) => {
    expect(await carried(forged, transport)).toBe("");
  });

  it("nor passes its health check", async () => {
    const port = await podOf(own);
    const probe = (peerCertUri: string) =>
      probeEndpoint({
        target: { address: "127.0.0.1", authority: `127.0.0.1:${port}`, isTerminating: false },
        healthCheck: { intervalMs: 1_000, timeoutMs: 2_000 },
        loadBalancer: { tls: true },
        transport: { rootCAs: [authority.cert], serverName: "db.example", peerCertUri },
      });
    await expect(probe("spiffe://cluster/ns/other")).rejects.toThrow(/does not name/);
    await expect(probe(NAMED)).resolves.toBeUndefined();
  });
});
