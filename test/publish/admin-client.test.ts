import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAdminApp } from "../../src/admin/admin-app.ts";
import { createAdminVerifier } from "../../src/admin/verify-admin-token.ts";
import { claimRequestSchema } from "../../src/beacon/beacon-state.ts";
import { advanceThroughBeacon } from "../../src/edge/advance-through-beacon.ts";
import { type AdminClient, createAdminClient } from "../../sync-agent/publish/admin-client.ts";
import type { BeaconBinding } from "../../sync-agent/publish/beacon-binding.ts";
import { createMemoryStore } from "../../sync-agent/publish/memory-store.ts";

const root = "r".repeat(16);
const next = { epoch: 5, root, publisher: "test" };

let key: JWK;
let publicKey: JWK;
let server: Server;
let client: AdminClient;
/** Answers in place of the API. */
let fault: ((response: ServerResponse) => void) | undefined;

beforeAll(async () => {
  const pair = await generateKeyPair("EdDSA", { extractable: true });
  [key, publicKey] = [
    { ...(await exportJWK(pair.privateKey)), kid: "k1" },
    { ...(await exportJWK(pair.publicKey)), kid: "k1" },
  ];
});

/** The Worker's admin API over a beacon in memory. */
function adminApp() {
  const store = createMemoryStore("test");
  const pinned: BeaconBinding["pinned"] = async () => (await store.pinned()) ?? null;
  return createAdminApp({
    basePath: "/.sluice",
    verify: createAdminVerifier({ keys: [publicKey] }, Date.now),
    status: async () => ({ pointer: await store.pointer(), tableVersion: 1 }),
    readTable: async () => undefined,
    beacon: {
      advance: (request) => advanceThroughBeacon(store, request),
      async claim(request) {
        const parsed = claimRequestSchema.safeParse(request);
        return parsed.success ? store.claim(parsed.data.atLeast) : undefined;
      },
      history: async () => [...(await store.history())],
      pinned,
      release: () => store.release(),
    },
  });
}

const urlOf = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/.sluice/`;

beforeEach(async () => {
  fault = undefined;
  const app = adminApp();
  server = createServer(async (request, response) => {
    if (fault !== undefined) return fault(response);
    const body = await text(request);
    const answer = await app.request(`http://worker${request.url}`, {
      method: request.method ?? "GET",
      headers: { authorization: request.headers.authorization ?? "" },
      ...(body !== "" && { body }),
    });
    response.writeHead(answer.status).end(await answer.text());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  client = await createAdminClient({ url: urlOf(), key, now: Date.now });
});
afterEach(async () => {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
});

describe("the admin client", () => {
  it("is the beacon that it speaks to", async () => {
    expect(await client.current()).toBeNull();
    expect(await client.claim(5)).toBe(5);
    const pointer = { ...next, generation: 1 };
    expect(await client.advance({ expected: null, next })).toEqual({ accepted: true, pointer });
    expect(await client.advance({ expected: null, next })).toEqual({
      accepted: false,
      reason: "stale-expectation",
      pointer,
    });
    expect(await client.current()).toEqual(pointer);
    expect(await client.history()).toEqual([{ pointer, at: expect.any(Number) }]);
    expect(await client.status()).toEqual({ generation: 1, tableVersion: 1 });
  });

  it("pins by a rollback, and releases", async () => {
    await client.advance({ expected: null, next, pin: { reason: "back" } });
    expect(await client.pinned()).toMatchObject({ reason: "back" });
    const expected = { epoch: 5, generation: 1 };
    expect(await client.advance({ expected, next })).toMatchObject({ accepted: false, reason: "pinned" });
    await client.release();
    expect(await client.pinned()).toBeNull();
    expect(await client.advance({ expected, next })).toMatchObject({ accepted: true });
  });

  it("says that its key is not the Worker's", async () => {
    const { privateKey } = await generateKeyPair("EdDSA", { extractable: true });
    const stranger = await createAdminClient({ url: urlOf(), key: await exportJWK(privateKey), now: Date.now });
    await expect(stranger.current()).rejects.toMatchObject({
      code: "fatal",
      message: expect.stringContaining("ADMIN_KEYS"),
    });
  });

  it("takes no key that cannot sign", async () => {
    const unfit = createAdminClient({ url: urlOf(), key: publicKey, now: Date.now });
    await expect(unfit.then((made) => made.current())).rejects.toThrow();
  });

  it.each<[string, "transient" | "fatal", string, (response: ServerResponse) => void]>([
    ["a 500", "transient", "answers 500", (response) => response.writeHead(500).end("oh")],
    ["a 503 without a body", "transient", "answers 503", (response) => response.writeHead(503).end()],
    ["a reset", "transient", "cannot be reached", (response) => response.destroy()],
    [
      "an answer that is cut",
      "transient",
      "cannot be reached",
      (response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write('{"history":', () => response.destroy());
      },
    ],
    ["a 404", "fatal", "is it on", (response) => response.writeHead(404).end()],
    ["a 400", "fatal", "another version", (response) => response.writeHead(400).end()],
    ["a page", "fatal", "is the URL right", (response) => response.end("<html>")],
    ["a redirect", "fatal", "ask for a login", (response) => response.writeHead(302, { location: "/login" }).end()],
  ])("tells what to make of %s", async (_, code, message, answer) => {
    fault = answer;
    await expect(client.current()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it("waits no longer than it should for an answer", async () => {
    fault = () => {};
    const hasty = await createAdminClient({ url: urlOf(), key, now: Date.now, timeoutMs: 50 });
    await expect(hasty.current()).rejects.toMatchObject({ code: "transient" });
  });
});
