import { exportJWK, generateKeyPair, type JWK } from "jose";
import type { GatewayTable } from "../../relay/origin-gateway/gateway-table.ts";
import { encodeHop } from "../../src/hop/encode-hop.ts";
import { HOP_HEADER } from "../../src/hop/hop.ts";
import { createTokenSigner, type TokenSigner } from "../../src/hop/token.ts";
import { type Child, startChild } from "./child.ts";
import { startCpuWatch } from "./cpu-time.ts";
import type { GatewayOrder } from "./gateway-child.ts";
import type { LoadOrder } from "./load.ts";
import type { OriginCounts } from "./origin.ts";
import type { RequestTarget } from "./route-table.ts";
import { type Spread, spreadOf } from "./spread.ts";

const SERVICES = 1_000;
const CONNECTIONS = 32;
/** Enough for all services, and for the compiler. */
const WARM_UP_REQUESTS = 16_000;
/** Keys that tokens are signed with in turn: for the gateway each key makes another token of the same claims. */
const KEYS = 8;

export interface GatewayResult {
  /** Microseconds of the process's CPU for a request. */
  gateway: Spread;
  bare: Spread;
  /** Requests per CPU second of the gateway as a share of the bare proxy's in the same round. */
  ofBare: Spread;
  /** Tokens that the gateway saw for the first time while it was measured. */
  newTokens: number;
}

/**
 * The origin gateway against a bare proxy, in alternating rounds: the same requests to the same origin, over kept
 * connections.
 */
export async function measureGateway({
  rounds,
  requests,
}: {
  rounds: number;
  requests: number;
}): Promise<GatewayResult> {
  const children = await Promise.all(
    ["./origin.ts", "./load.ts", "./gateway-child.ts", "./gateway-child.ts"].map(startChild),
  );
  const [origin, load, gateway, bare] = children as [Child, Child, Child, Child];
  try {
    const originPort = await origin.call<number>("port");
    const { keys, signers } = await makeKeys();
    const order: GatewayOrder = { table: tableOf(originPort), keys };
    const ports = {
      gateway: await gateway.call<number>("gateway", order),
      bare: await bare.call<number>("bare", { originPort }),
    };
    const pids = { gateway: await gateway.call<number>("pid"), bare: await bare.call<number>("pid") };
    const tokens = await createTokens(signers);
    const targets = { gateway: tokens.targets, bare: serviceNames.map(plainTarget) };

    const run = async (name: "gateway" | "bare", first: number) => {
      const readCpu = startCpuWatch(pids[name]);
      await origin.call<OriginCounts>("take");
      const order: LoadOrder = { port: ports[name], targets: targets[name], connections: CONNECTIONS, requests, first };
      const { seconds } = await load.call<{ seconds: number }>("run", order);
      const microseconds = readCpu() / requests;
      const { requests: arrived } = await origin.call<OriginCounts>("take");
      if (arrived !== requests) throw new Error(`${name}: the origin counted ${arrived} requests of ${requests}`);
      return { microseconds, seconds };
    };
    const measured = { gateway: [] as number[], bare: [] as number[] };
    let newTokens = 0;
    const warmUps = Math.ceil(WARM_UP_REQUESTS / requests);
    for (let round = -warmUps; round < rounds; round++) {
      const first = (round + warmUps) * requests;
      const names = round % 2 === 0 ? (["gateway", "bare"] as const) : (["bare", "gateway"] as const);
      for (const name of names) {
        const { microseconds, seconds } = await run(name, first);
        if (round >= 0) measured[name].push(microseconds);
        // As many services get a new token as do in such a time when each gets one a minute.
        if (name === "gateway") {
          const renewed = await tokens.renew((SERVICES * seconds) / 60);
          if (round >= 0) newTokens += renewed;
        }
      }
    }
    return {
      gateway: spreadOf(measured.gateway),
      bare: spreadOf(measured.bare),
      ofBare: spreadOf(measured.gateway.map((microseconds, at) => (measured.bare[at] ?? Number.NaN) / microseconds)),
      newTokens,
    };
  } finally {
    for (const child of children) child.close();
  }
}

const serviceNames = Array.from({ length: SERVICES }, (_, index) => `default-shop-${index}-80`);

const plainTarget = (service: string): RequestTarget => ({ host: `${service}.example.com`, path: "/items/1?page=2" });

function tableOf(originPort: number): GatewayTable {
  const endpoints = [{ address: "127.0.0.1", port: originPort, state: "ready" as const }];
  return {
    pointer: { publisher: "bench", epoch: 1, generation: 1, root: "r" },
    services: Object.fromEntries(
      serviceNames.map((name) => [
        name,
        { type: "loadBalancer", endpoints: name, scheme: "http", passHostHeader: true, transport: "gateway" },
      ]),
    ),
    endpoints: Object.fromEntries(serviceNames.map((name) => [name, { endpoints }])),
    serversTransports: {},
    middlewares: {},
  };
}

async function makeKeys(): Promise<{ keys: Record<string, JWK>; signers: readonly TokenSigner[] }> {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kids = Array.from({ length: KEYS }, (_, index) => `k${index}`);
  return {
    keys: Object.fromEntries(kids.map((kid) => [kid, jwk])),
    signers: kids.map((kid) => createTokenSigner({ key: privateKey, kid, now: Date.now })),
  };
}

/** Requests with a hop for each service, whose tokens are renewed one after the other. */
async function createTokens(signers: readonly TokenSigner[]) {
  const targetOf = async (service: string, signer: TokenSigner): Promise<RequestTarget> => {
    const { host, path } = plainTarget(service);
    const hop = encodeHop({
      token: await signer.sign(service),
      service,
      scheme: "https",
      port: 443,
      clientAddress: "192.0.2.1",
      trusted: false,
      assigned: [],
      mirror: false,
      generation: 1,
      host,
    });
    return { host: "gateway.internal", path, headers: [`${HOP_HEADER}: ${hop}`] };
  };
  const signerAt = (turn: number): TokenSigner => {
    const signer = signers[Math.floor(turn / SERVICES) % signers.length];
    if (signer === undefined) throw new Error("there is no key");
    return signer;
  };
  const targets = await Promise.all(serviceNames.map((service) => targetOf(service, signerAt(0))));
  let turn = SERVICES;
  let due = 0;
  return {
    targets,
    /** @returns how many were renewed */
    async renew(count: number): Promise<number> {
      due += count;
      const renewed = Math.floor(due);
      due -= renewed;
      for (let i = 0; i < renewed; i++, turn++) {
        const at = turn % SERVICES;
        const service = serviceNames[at];
        if (service !== undefined) targets[at] = await targetOf(service, signerAt(turn));
      }
      return renewed;
    },
  };
}
