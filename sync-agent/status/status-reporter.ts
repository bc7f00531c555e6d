import type { ApiClient } from "../source/cluster/api-client.ts";
import type { ObjectReader } from "../source/object-store.ts";
import type { Problem } from "../translate/problem.ts";
import type { TranslateSettings } from "../translate/settings.ts";
import { readBundleVersion } from "./bundle-version.ts";
import { createStatusComputer } from "./compute-statuses.ts";
import type { BundleVersion } from "./gateway-class-status.ts";
import { ProgrammedGateways } from "./programmed-gateways.ts";
import { awaitServed, type WorkerAdmin } from "./served-generation.ts";
import { type StatusSnapshot, takeSnapshot } from "./status-snapshot.ts";
import { EventWriter } from "./write-events.ts";
import { type Log, WriteQueue, type WriteQueueStats } from "./write-queue.ts";
import { StatusWriter } from "./write-statuses.ts";

export interface StatusReporterOptions {
  api: Pick<ApiClient, "request">;
  settings: TranslateSettings;
  /** Where clients find the Worker (`--status-address`): for Ingresses and Gateways. */
  address: string | undefined;
  /** The Worker's admin API; without it no Gateway is ever said to be programmed. */
  admin: WorkerAdmin | undefined;
  identity: string;
  isLeader(): boolean;
  log: Log;
  now(): number;
  /** Rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** In [0, 1). */
  random(): number;
  writesPerSecond?: number;
  /** The least time between two computations, in milliseconds; default 1,000. */
  pauseMs?: number;
}

export interface StatusReporter {
  /**
   * To be told of each translation, in the same step: before the objects can change. Cheap: the statuses are made
   * later, and at most once a second.
   */
  translated(objects: ObjectReader, problems: readonly Problem[]): TranslationHandle;
  /** To be told when this process begins to lead: others may have written meanwhile. */
  leads(): void;
  /** For metrics. */
  status(): Readonly<WriteQueueStats>;
  close(): Promise<void>;
}

interface TranslationHandle {
  /** The beacon accepted, or already had, a pointer of this generation to the translation's table. */
  accepted(generation: number): void;
}

/** Without any change: lasting problems are told of again, and what failed is tried again. */
const TICK_MS = 60_000;
const VERSION_AGE_MS = 60 * 60_000;
const UNKNOWN_VERSION_AGE_MS = 5 * 60_000;

/** Keeps the statuses and Events of the cluster's objects true to what was translated, published and is served. */
export function createStatusReporter(options: StatusReporterOptions): StatusReporter {
  const { api, settings, address, admin, isLeader, now, sleep, pauseMs = 1_000 } = options;
  const computer = createStatusComputer(settings);
  const programmed = new ProgrammedGateways(admin !== undefined);
  const statuses = new StatusWriter(options);
  const events = new EventWriter(options);
  const queue = new WriteQueue(options);
  const closing = new AbortController();
  const { signal } = closing;
  let latest: { snapshot: StatusSnapshot; live: ObjectReader } | undefined;
  let version: { value: BundleVersion; readAt: number } | undefined;
  let wake: (() => void) | undefined;
  let isDue = false;
  let asking: Promise<void> | undefined;

  const due = (): void => {
    isDue = true;
    wake?.();
  };

  const plan = async (): Promise<void> => {
    if (latest === undefined || !isLeader()) return;
    const hasClasses = [...latest.snapshot.objects.list("GatewayClass")].length > 0;
    const ageMs = version?.value === undefined ? UNKNOWN_VERSION_AGE_MS : VERSION_AGE_MS;
    if (hasClasses && (version === undefined || now() - version.readAt > ageMs)) {
      version = { value: await readBundleVersion(api, signal), readAt: now() };
    }
    const { snapshot, live } = latest;
    const facts = {
      address,
      bundleVersion: version?.value,
      programmed: (gateway: Parameters<typeof programmed.stateOf>[0]) => programmed.stateOf(gateway),
    };
    const writes = statuses.plan(computer.compute(snapshot, facts));
    queue.replace([...writes, ...events.plan(snapshot.problems, live)]);
  };

  const ask = (): void => {
    if (admin === undefined || asking !== undefined || signal.aborted) return;
    const { random } = options;
    const onAnswer = (generation: number): void => {
      programmed.answer(generation);
      due();
    };
    const awaited = (): number | undefined => (isLeader() ? programmed.awaited() : undefined);
    asking = awaitServed({ admin, awaited, onAnswer, sleep, random, signal }).finally(() => {
      asking = undefined;
      // What came as the last question ended has found this one under way.
      if (awaited() !== undefined) ask();
    });
  };

  const untilDue = async (): Promise<void> => {
    if (isDue) return;
    const waking = new AbortController();
    wake = () => waking.abort();
    // Ends early when there is something to do; what lasts is looked at again without.
    await sleep(TICK_MS, AbortSignal.any([signal, waking.signal])).catch(() => undefined);
    wake = undefined;
  };

  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      await untilDue();
      if (signal.aborted) return;
      isDue = false;
      await plan().catch((error: unknown) => {
        options.log.warn({ reason: String(error) }, "the statuses could not be computed; this is a fault of Sluice");
      });
      await sleep(pauseMs, signal).catch(() => undefined);
    }
  };
  const working = work();

  return {
    translated(objects, problems) {
      const snapshot = takeSnapshot(objects, problems);
      latest = { snapshot, live: objects };
      due();
      return {
        accepted(generation) {
          programmed.accept(snapshot.objects.list("Gateway"), generation);
          due();
          ask();
        },
      };
    },
    leads() {
      due();
      ask();
    },
    status: () => queue.status(),
    async close() {
      closing.abort();
      wake?.();
      await Promise.all([working, asking, queue.close()]);
    },
  };
}
