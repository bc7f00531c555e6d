import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { promisify } from "node:util";
import { afterEach, expect, it, vi } from "vitest";
import { closePrograms, relayFolder, runFeed, runRelay } from "../streams/relay-program.ts";
import { carryTo, soon } from "../streams/streams-harness.ts";
import { closeAll, echo, exchange, startPod } from "./tcp-harness.ts";

afterEach(async () => {
  vi.unstubAllEnvs();
  await closePrograms();
  await closeAll();
});

it.each([
  ["handles", "on"],
  ["sockets", "off"],
])(
  "a relay with too few files for all who come outlives them, and serves as many as it can, in %s",
  async (_, handles) => {
    vi.stubEnv("SLUICE_TCP_HANDLES", handles);
    const feed = await runFeed();
    const relay = await runRelay(await relayFolder(), "--feed", feed.url);
    feed.serve(carryTo([await startPod(echo("pod"))]));
    const port = await relay.port("tcp");
    expect(await exchange(port, "x")).toBe("pod:x");
    await promisify(execFile)("prlimit", ["--pid", String(relay.child.pid), "--nofile=60:60"]);
    const clients = Array.from({ length: 150 }, () => connect({ port, host: "127.0.0.1" }));
    const fates = await Promise.all(clients.map(fateOf));
    expect(new Set(fates)).toEqual(new Set(["served", "closed"]));
    for (const client of clients) client.destroy();
    await expect.poll(() => exchange(port, "x"), soon).toBe("pod:x");
    expect(relay.child.exitCode).toBe(null);
  },
);

/** Whether an endpoint was heard. */
async function fateOf(client: Socket): Promise<"served" | "closed"> {
  client.on("error", () => {});
  const closed = once(client, "close").then(() => "closed" as const);
  const served = once(client, "data").then(() => "served" as const);
  return Promise.race([closed, served.catch(() => closed)]);
}
