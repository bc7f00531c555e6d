import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import { afterEach, expect, it } from "vitest";
import { encodeHop } from "../../../src/hop/encode-hop.ts";
import { FAILURE_HEADER, HOP_HEADER } from "../../../src/hop/hop.ts";
import { createTokenSigner } from "../../../src/hop/token.ts";
import { closeAll, startPod } from "../gateway-harness.ts";
import { closePrograms, relayFolder, runFeed, runRelay } from "../streams/relay-program.ts";
import { tableOf } from "../streams/streams-harness.ts";

afterEach(async () => {
  await closePrograms();
  await closeAll();
});

const hopOf = (service: string, token: string): string =>
  encodeHop({
    token,
    service,
    scheme: "https",
    port: 443,
    clientAddress: "192.0.2.1",
    trusted: false,
    assigned: [],
    mirror: false,
    generation: 0,
    host: "app.example.com",
  });

it("every hop that is refused is in the relay's metrics by its reason; what is genuine is served", async () => {
  const [edge, stranger] = [await generateKeyPair("EdDSA", { extractable: true }), await generateKeyPair("EdDSA")];
  const signWith = async ({ privateKey: key }: Pick<typeof edge, "privateKey">, service: string, now = Date.now) =>
    createTokenSigner({ key, kid: "one", now }).sign(service);
  const dir = await relayFolder();
  await writeFile(join(dir, "keys.json"), JSON.stringify({ ...(await exportJWK(edge.publicKey)), kid: "one" }));
  const feed = await runFeed();
  const relay = await runRelay(dir, "--feed", feed.url);
  const port = await startPod((_, response) => response.end("pod"));
  const endpoints = { endpoints: [{ address: "127.0.0.1", port, state: "ready" as const }] };
  const loadBalancer = { type: "loadBalancer", scheme: "http", passHostHeader: true, transport: "gateway" } as const;
  feed.serve(
    tableOf({
      services: { app: { ...loadBalancer, endpoints: "app" }, other: { ...loadBalancer, endpoints: "app" } },
      endpoints: { app: endpoints },
    }),
  );
  const { gateway } = (await relay.line(({ msg }) => msg === "started")) as { gateway: { port: number } };
  const ask = async (hop: string | undefined) => {
    const headers = hop === undefined ? {} : { [HOP_HEADER]: hop };
    const response = await fetch(`http://127.0.0.1:${gateway.port}/`, { headers });
    const text = await response.text();
    return { text, failure: response.headers.get(FAILURE_HEADER) };
  };

  const genuine = hopOf("app", await signWith(edge, "app"));
  await expect.poll(async () => (await ask(genuine)).text, { timeout: 10_000 }).toBe("pod");
  const minutes = (count: number) => () => Date.now() + count * 60_000;
  const refused: Record<string, [hop: string | undefined, failure: string]> = {
    forged: [hopOf("app", await signWith(stranger, "app")), "unauthorized"],
    expired: [hopOf("app", await signWith(edge, "app", minutes(-10))), "unauthorized"],
    early: [hopOf("app", await signWith(edge, "app", minutes(10))), "unauthorized"],
    "other-service": [hopOf("other", await signWith(edge, "app")), "unauthorized"],
    "no-hop": [undefined, "unauthorized"],
    "unknown-service": [hopOf("ghost", await signWith(edge, "ghost")), "unknown-service"],
  };
  const before = await relay.metrics();
  const counterOf = (metrics: string, reason: string): number =>
    Number(
      new RegExp(`^sluice_gateway_refused_requests_total\\{reason="${reason}"\\} (\\d+)$`, "m").exec(metrics)?.[1],
    );
  for (const [hop, failure] of Object.values(refused)) {
    for (let times = 0; times < 3; times++) expect(await ask(hop)).toMatchObject({ failure });
    expect((await ask(genuine)).text).toBe("pod");
  }
  const after = await relay.metrics();
  for (const reason of Object.keys(refused)) {
    expect([reason, counterOf(after, reason) - counterOf(before, reason)]).toEqual([reason, 3]);
  }
}, 30_000);
