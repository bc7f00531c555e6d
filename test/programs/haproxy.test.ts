import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Running } from "../e2e/run-manifests.ts";
import { type EchoPod, startEchoPod } from "./echo-pod.ts";
import { backedBy, tcpRoute } from "./manifests.ts";
import type { Program } from "./program.ts";
import { runEntryPoints } from "./run-entry-points.ts";
import { startHaproxy } from "./servers.ts";

const closers: (() => Promise<void>)[] = [];
const keep = <T extends Program>(program: T): T => {
  closers.push(() => program.stop());
  return program;
};
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

let pod: EchoPod;
beforeAll(async () => {
  pod = await startEchoPod("pod");
  closers.push(() => pod.close());
});

/** Says a line from this address of the loopback, and hears what comes back until the end. */
async function say(port: number, localAddress = "127.0.0.1"): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  let heard = "";
  socket.setEncoding("utf8").on("data", (text) => (heard += text));
  socket.on("error", () => {});
  socket.write("end\n");
  await once(socket, "close");
  return heard;
}

async function startRelay(entryPoint: string, manifests: string): Promise<Running> {
  const relay = await runEntryPoints({ tcp: entryPoint }, manifests);
  closers.push(() => relay.close());
  expect(relay.problems()).toEqual([]);
  return relay;
}

describe("what HAProxy says of a client", () => {
  // The Pod is told by the first version, which reads as text, what the relay has understood.
  const manifests = () =>
    backedBy("pod", pod.port) +
    tcpRoute("pod", { entryPoint: "tcp", service: "pod", port: pod.port, more: "proxyProtocol: { version: 1 }" });

  it.each(["send-proxy", "send-proxy-v2"])("is believed where it is trusted (%s)", async (version) => {
    const relay = await startRelay('{ address: ":9000", proxyProtocol: { trustedIPs: ["127.0.0.0/8"] } }', manifests());
    const haproxy = keep(
      await startHaproxy(["bind 127.0.0.1:$PORT", `server relay 127.0.0.1:${relay.port("tcp")} ${version}`]),
    );
    expect(await say(haproxy.port, "127.0.0.9")).toMatch(
      /^pod heard: PROXY TCP4 127\.0\.0\.9 127\.0\.0\.1 \d+ \d+\r?\n/,
    );
  });

  it("is no more than bytes where it is not", async () => {
    const relay = await startRelay('{ address: ":9000" }', manifests());
    const haproxy = keep(
      await startHaproxy(["bind 127.0.0.1:$PORT", `server relay 127.0.0.1:${relay.port("tcp")} send-proxy`]),
    );
    expect(await say(haproxy.port, "127.0.0.9")).toMatch(
      /^pod heard: PROXY TCP4 127\.0\.0\.1 .*\r?\npod heard: PROXY TCP4 127\.0\.0\.9 /,
    );
  });
});

describe("what HAProxy hears of a client", () => {
  it.each([1, 2])("is its address (version %i)", async (version) => {
    // HAProxy takes the header, and tells the Pod by one of its own whom it has understood to be the client.
    const haproxy = keep(
      await startHaproxy(["bind 127.0.0.1:$PORT accept-proxy", `server pod 127.0.0.1:${pod.port} send-proxy`]),
    );
    const relay = await startRelay(
      '{ address: ":9000" }',
      backedBy("haproxy", haproxy.port) +
        tcpRoute("haproxy", {
          entryPoint: "tcp",
          service: "haproxy",
          port: haproxy.port,
          more: `proxyProtocol: { version: ${version} }`,
        }),
    );
    expect(await say(relay.port("tcp"), "127.0.0.9")).toMatch(/^pod heard: PROXY TCP4 127\.0\.0\.9 /);
  });
});
