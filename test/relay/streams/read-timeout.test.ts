import { afterEach, expect, test } from "vitest";
import { ending, open, router, service } from "../tcp/tcp-harness.ts";
import { closeStreams, runStreams, tableOf, tcpAt } from "./streams-harness.ts";

afterEach(closeStreams);

/** Only names over TLS are routed, so that a connection that says nothing is nobody's. */
const named = (readTimeoutMs: number) =>
  tableOf(
    {
      relayEntryPoints: { tcp: { ...tcpAt(), readTimeoutMs } },
      tcpRouters: [router("HostSNI(`db.example.com`)", "db", { tls: { passthrough: true } })],
    },
    service("db", [1]),
  );

test("who says nothing is refused after the entry point's readTimeout, at the listener that there is", async () => {
  const streams = await runStreams(named(3_600_000));
  const port = streams.port("tcp");
  streams.take(named(20));
  await ending(await open(port));
  expect(streams.port("tcp")).toBe(port);
  expect(streams.observed.refusals).toEqual(["silent"]);
});
