import type { ChildProcess } from "node:child_process";
import { addTotals, type MetricValues, sumMetrics } from "../../operations/metric-registry.ts";
import { type OperationsServer, startOperations } from "../../operations/operations-server.ts";
import type { Listen } from "../relay-settings.ts";
import type { RelayLog } from "../start-relay.ts";
import type { FromChild, ToChild } from "./process-messages.ts";

export interface SuperviseOptions {
  /** How many processes. */
  count: number;
  /** Starts one, with a channel; it reports over it. */
  start: (index: number) => ChildProcess;
  operations: Listen;
  log: RelayLog;
  /** The first and the longest pause before a process that ended is replaced, in milliseconds. */
  pauseMs?: { first: number; longest: number };
}

export interface Supervised {
  readonly operations: OperationsServer["address"];
  /** Lets all processes end as they do by themselves. */
  stop(): Promise<void>;
}

interface Slot {
  index: number;
  child: ChildProcess | undefined;
  isReady: boolean;
  /** How often in a row it ended soon after its start. */
  failures: number;
  retry: NodeJS.Timeout | undefined;
  /** What its process said last. */
  metrics: MetricValues;
}

const PAUSE_MS = { first: 200, longest: 10_000 };
/** A process that lived for so long began well. */
const LONG_LIFE_MS = 60_000;
/** A process that is stuck must not keep the others' metrics back. */
const METRICS_TIMEOUT_MS = 2_000;

/**
 * Runs several processes that listen at the same ports, replaces those that end, and answers for all of them.
 *
 * @returns undefined when the first one ends before it has started: it has said why itself
 * @throws what listening for operations throws
 */
export async function supervise(options: SuperviseOptions): Promise<Supervised | undefined> {
  const { count, start, log, pauseMs = PAUSE_MS } = options;
  const slots = Array.from({ length: count }, (_, index): Slot => newSlot(index));
  let isStopping = false;
  /** Of processes that have ended. */
  let totals: Promise<MetricValues> = Promise.resolve([]);

  const run = (slot: Slot): Promise<"started" | "ended"> => {
    const child = start(slot.index);
    const startedAt = performance.now();
    slot.child = child;
    return new Promise((resolve) => {
      child.on("message", (message: FromChild) => {
        if (message.type === "started") resolve("started");
        if (message.type === "ready") slot.isReady = true;
      });
      child.once("error", (error) => log.error({ reason: error.message }, "a process cannot be started"));
      child.once("exit", (code, signal) => {
        resolve("ended");
        slot.child = undefined;
        slot.isReady = false;
        const { metrics } = slot;
        totals = totals.then((before) => addTotals(before, metrics));
        slot.metrics = [];
        if (isStopping) return;
        slot.failures = performance.now() - startedAt < LONG_LIFE_MS ? slot.failures + 1 : 1;
        const pause = Math.min(pauseMs.first * 2 ** Math.min(slot.failures - 1, 20), pauseMs.longest);
        log.warn({ process: child.pid, code, signal }, "a process has ended; another takes its place");
        slot.retry = setTimeout(() => void run(slot), pause);
      });
    });
  };
  const stop = async (): Promise<void> => {
    isStopping = true;
    await Promise.all(
      slots.map(({ child, retry }) => {
        clearTimeout(retry);
        return child && end(child);
      }),
    );
  };

  const [first, ...others] = slots;
  if (first !== undefined && (await run(first)) === "ended") {
    await stop();
    return undefined;
  }
  await Promise.all(others.map(run));
  const operations = await startOperations({
    listen: options.operations,
    isAlive: () => !isStopping,
    whyNotReady: () => (slots.some(({ isReady }) => isReady) ? undefined : "no process has a table yet"),
    async metrics() {
      await Promise.all(slots.map(readSlot));
      // Taken together: what a process said counts on one of the two sides.
      const [ended, living] = [totals, slots.map(({ metrics }) => metrics)];
      return sumMetrics([await ended, ...living]);
    },
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    operations: operations.address,
    async stop() {
      await stop();
      await operations.close();
    },
  };
}

const newSlot = (index: number): Slot => ({
  index,
  child: undefined,
  isReady: false,
  failures: 0,
  retry: undefined,
  metrics: [],
});

/** A process that does not answer in time counts as it did before. */
async function readSlot(slot: Slot): Promise<void> {
  const { child } = slot;
  const values = child && (await readMetrics(child));
  if (values !== undefined && slot.child === child) slot.metrics = values;
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

let lastId = 0;

/** @returns undefined for a process that does not answer */
function readMetrics(child: ChildProcess): Promise<MetricValues | undefined> {
  const id = ++lastId;
  return new Promise((resolve) => {
    const done = (values: MetricValues | undefined): void => {
      clearTimeout(timer);
      child.off("message", hear);
      child.off("exit", gone);
      resolve(values);
    };
    const hear = (message: FromChild): void => {
      if (message.type === "metrics" && message.id === id) done(message.values);
    };
    const gone = (): void => done(undefined);
    const timer = setTimeout(gone, METRICS_TIMEOUT_MS);
    child.on("message", hear);
    child.once("exit", gone);
    const question: ToChild = { type: "read-metrics", id };
    child.send(question, () => {});
  });
}
