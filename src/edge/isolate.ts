import { waitUntil } from "cloudflare:workers";
import type { JWK } from "jose";
import { type AccessLogs, createAccessLogs } from "../access-log/log-exchange.ts";
import { recordOrigin } from "../access-log/record-origin.ts";
import { createBalanceState } from "../balance/balance-state.ts";
import type { Env } from "../env.ts";
import { createTokenSigner } from "../hop/token.ts";
import { createVerdictCache } from "../middleware/verdict-cache.ts";
import { createCounters } from "../observe/counters.ts";
import { reportToLog, writeToLog } from "../observe/report.ts";
import { createDirectSend } from "../origin/direct.ts";
import { createGatewaySend } from "../origin/gateway.ts";
import type { Send } from "../origin/send.ts";
import { createAsk } from "../rate-limit/ask-rate-limiter.ts";
import { createRateLimits } from "../rate-limit/rate-limits.ts";
import type { RouteIndex } from "../router/route-index.ts";
import { createUnseal } from "../seal/create-unseal.ts";
import { SnapshotReader } from "../snapshot/snapshot-reader.ts";
import { type CompileContext, compileLeaf, type LazyRoute } from "./compile-leaf.ts";
import { type Admin, createAdmin } from "./create-admin.ts";
import { findBeacon } from "./find-beacon.ts";
import { findCountry } from "./find-client.ts";
import type { EntryPointMap } from "./find-entry-point.ts";
import { parseSetting } from "./parse-setting.ts";
import { createPointerWatch, type PointerWatch } from "./pointer-watch.ts";
import { lastGoodCache, readKeys } from "./tree-sources.ts";

/** What an isolate keeps from one request to the next. */
export interface Isolate {
  readonly env: Env;
  readonly reader: SnapshotReader<RouteIndex<LazyRoute>>;
  readonly watch: PointerWatch;
  readonly entryPointMap: EntryPointMap | undefined;
  readonly admin: Admin | undefined;
  readonly accessLogs: AccessLogs;
}

/** Characters of leaf text kept in memory: compiled, a leaf takes several times its text, and an isolate has 128 MB. */
const LEAF_BUDGET = 12 * 1024 * 1024;

/** Services whose token is kept: with fewer than an isolate serves, it would sign one for each request. */
const SIGNED_SERVICES = 16_384;

/** Sources whose requests are counted: a flood of them must not fill an isolate's 128 MB. */
const LIMITED_SOURCES = 16_384;

/** KV that takes longer than this counts as KV that is away. */
const READ_DEADLINE_MS = 3_000;

let isolate: Isolate | undefined;

/** This isolate's state, made by its first request. */
export function getIsolate(env: Env): Isolate {
  isolate ??= createIsolate(env);
  return isolate;
}

function createIsolate(env: Env): Isolate {
  const dev = env.DEV === "1";
  const beacon = findBeacon(env);
  const cache = dev ? undefined : caches.default;
  const kv = { get: readKeys(env.TABLE) };

  const counters = createCounters();

  const context: CompileContext = {
    balance: createBalanceState({ random: Math.random }),
    gateway: undefined,
    direct: recordOrigin(
      createDirectSend({ fetch: (input, init) => fetch(input, init), random: Math.random, now: Date.now }),
      Date.now,
    ),
    count: counters.count,
    report: reportToLog,
    runtime: {
      unseal: createUnseal(env.SEAL_KEY),
      verdicts: createVerdictCache({ key: () => crypto.getRandomValues(new Uint8Array(32)) }),
      limits: createRateLimits({
        ask: env.RATE_LIMITER && createAsk(env.RATE_LIMITER, env.PUBLISHER),
        maxSources: LIMITED_SOURCES,
        now: Date.now,
        startTimer,
        count: counters.count,
        report: reportToLog,
      }),
      report: reportToLog,
      now: Date.now,
      timeout: (ms) => AbortSignal.timeout(ms),
    },
    startTimer,
    country: (request) => findCountry(request, env.CLIENT_ADDRESS),
    fixedLength,
  };
  const reader = new SnapshotReader({
    publisher: env.PUBLISHER,
    kv,
    lastGood: cache && lastGoodCache(cache, waitUntil),
    compileRoutes: (leaf) => compileLeaf(leaf, context),
    byteBudget: LEAF_BUDGET,
    report: reportToLog,
    now: Date.now,
    deadline: { ms: READ_DEADLINE_MS, startTimer },
  });
  const watch = createPointerWatch({
    reader,
    sources: { publisher: env.PUBLISHER, beacon, kv: env.TABLE, cache },
    now: Date.now,
    jitter: Math.random(),
    dev,
    report: reportToLog,
    startTimer,
  });
  const gateway = gatewaySend(env, reader, watch);
  context.gateway = gateway && recordOrigin(gateway, Date.now);
  return {
    env,
    reader,
    watch,
    entryPointMap: parseSetting<EntryPointMap>(env, "ENTRY_POINTS", reportToLog),
    accessLogs: createAccessLogs({ write: writeToLog, now: Date.now, fixedLength }),
    admin: createAdmin({ env, reader, watch, counters, read: kv.get, beacon, report: reportToLog }),
  };
}

function gatewaySend(env: Env, reader: Isolate["reader"], watch: PointerWatch): Send | undefined {
  const jwk = parseSetting<JWK>(env, "HOP_KEY", reportToLog);
  if (env.ORIGIN === undefined || jwk === undefined) return undefined;
  // Runtimes export such keys with `alg: "Ed25519"`, which is not the name that tokens use.
  const { alg: _, ...key } = jwk;
  return createGatewaySend({
    fetcher: env.ORIGIN,
    signer: createTokenSigner({ key, kid: key.kid ?? "", now: Date.now, maxEntries: SIGNED_SERVICES }),
    pointer: () => reader.pointer,
    onPointer: (pointer) => waitUntil(watch.learn(pointer)),
    onAnswer: watch.confirm,
  });
}

const fixedLength = (length: number): FixedLengthStream => new FixedLengthStream(length);

function startTimer(callback: () => void, ms: number): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
