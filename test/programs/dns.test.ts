import { afterAll, beforeAll, expect, it } from "vitest";
import type { Running } from "../e2e/run-manifests.ts";
import { backedBy, tcpRoute } from "./manifests.ts";
import { freePort, type Program } from "./program.ts";
import { runEntryPoints } from "./run-entry-points.ts";
import { dig, startDnsmasq } from "./servers.ts";

let dns: Program;
let relay: Running;

beforeAll(async () => {
  dns = await startDnsmasq({ "known.example.com": "192.0.2.7" });
  relay = await runEntryPoints(
    { "dns-udp": '{ address: ":53/udp" }', "dns-tcp": '{ address: ":53" }' },
    `${backedBy("dns", dns.port, "UDP")}${backedBy("dns-over-tcp", dns.port)}
---
apiVersion: traefik.io/v1alpha1
kind: IngressRouteUDP
metadata: { name: dns }
spec:
  entryPoints: [dns-udp]
  routes: [{ services: [{ name: dns, port: ${dns.port} }] }]
${tcpRoute("dns", { entryPoint: "dns-tcp", service: "dns-over-tcp", port: dns.port })}`,
  );
  expect(relay.problems()).toEqual([]);
});
afterAll(async () => {
  await relay?.close();
  await dns?.stop();
});

it("dig is answered over UDP", async () => {
  const answer = await dig(relay.port("dns-udp"), "known.example.com");
  expect(answer).toEqual({ code: 0, stdout: "192.0.2.7\n", stderr: "" });
});

it("dig is answered over TCP", async () => {
  const answer = await dig(relay.port("dns-tcp"), "known.example.com", "+tcp");
  expect(answer).toEqual({ code: 0, stdout: "192.0.2.7\n", stderr: "" });
});

it("many askers at one time have each their answer", async () => {
  // Of its own accord dig shares a port with another dig now and then, and then their answers are anyone's.
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  const answers = await Promise.all(
    ports.map((port) => dig(relay.port("dns-udp"), "known.example.com", "+tries=3", "-b", `127.0.0.1#${port}`)),
  );
  expect(answers).toEqual(ports.map(() => ({ code: 0, stdout: "192.0.2.7\n", stderr: "" })));
});
