import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { tcpLine } from "./proc-net-tcp.ts";
import { closeAll, echo, open, read, router, service, startPod, startRelay } from "./tcp-harness.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(async () => {
  vi.useRealTimers();
  await closeAll();
});

it.each([
  ["handles", true],
  ["sockets", false],
])("connections that last are probed for their peers in %s, at both ends", async (_, usesHandles) => {
  const atPod: number[] = [];
  const port = await startPod((socket) => {
    atPod.push(socket.remotePort ?? 0);
    echo("pod")(socket);
  });
  const relay = await startRelay([{ tcpRouters: [router("HostSNI(`*`)", "db")] }, service("db", [port])], {
    usesHandles,
  });
  const client = await open(relay.port);
  expect(await read(client, 4)).toBe("pod:");
  const timers = () => [tcpLine(relay.port, client.localPort ?? 0)?.timer, tcpLine(atPod[0] ?? 0, port)?.timer];
  expect(timers()).toEqual(["none", "none"]);
  vi.advanceTimersByTime(20_000);
  expect(timers()).toEqual(["keep-alive", "keep-alive"]);
});
