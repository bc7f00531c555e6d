import { connect, type Socket } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { closeAll, exchange, router, service, startPod, startRelay } from "./tcp-harness.ts";

afterEach(closeAll);

/** How a client of the flood leaves. */
const manners: readonly ((socket: Socket) => void)[] = [
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.destroy(),
  (socket) => socket.end(),
  (socket) => socket.end("hello"),
  (socket) => socket.write("hello", () => socket.resetAndDestroy()),
  (socket) => socket.once("data", () => socket.resetAndDestroy()).write("hello"),
  (socket) => socket.once("data", () => socket.end()).write("hello"),
];

it.each([
  ["handles", true],
  ["sockets", false],
])(
  "a flood of short connections leaves nothing behind in %s, however they end; others are served meanwhile",
  async (_, usesHandles) => {
    const atPod = new Set<Socket>();
    const port = await startPod((socket) => {
      atPod.add(socket);
      socket.on("close", () => atPod.delete(socket));
      socket.pipe(socket);
    });
    const relay = await startRelay([{ tcpRouters: [router("HostSNI(`*`)", "echo")] }, service("echo", [port])], {
      usesHandles,
    });
    const visit = (index: number): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect({ port: relay.port, host: "127.0.0.1" });
        socket.on("error", () => {});
        socket.on("close", () => resolve());
        socket.resume();
        socket.once("connect", () => manners[index % manners.length]?.(socket));
      });
    for (let batch = 0; batch < 10; batch++) {
      const [answer] = await Promise.all([
        exchange(relay.port, `batch ${batch}`),
        ...Array.from({ length: 70 }, (_, index) => visit(index)),
      ]);
      expect(answer).toBe(`batch ${batch}`);
    }
    await vi.waitFor(() => {
      expect(atPod.size).toBe(0);
      // Those that left before they were accepted are nobody's.
      expect(relay.ends.length).toBeGreaterThanOrEqual(500);
    });
    expect(relay.ends.every(({ outcome }) => outcome === "carried" || outcome === "no-endpoint")).toBe(true);
  },
);
