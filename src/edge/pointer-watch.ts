import { judgeFreshness, LOOK_WAIT_MS, type LookTimes, neverLooked } from "../beacon/freshness.ts";
import { type LookSources, lookForPointer, waitAtMost } from "../beacon/look.ts";
import type { WaitUntil } from "../exchange/exchange.ts";
import type { Report } from "../observe/report.ts";
import type { Pointer } from "../table/snapshot.ts";

/** The part of a snapshot reader that learns of pointers. */
interface PointerTaker {
  readonly pointer: Pointer | undefined;
  offer(pointer: Pointer): Promise<boolean>;
  prefetch(): Promise<void>;
  recover(): Promise<boolean>;
}

export interface PointerWatchOptions {
  reader: PointerTaker;
  sources: LookSources;
  /** Milliseconds. */
  now: () => number;
  /** Between 0 and 1, drawn once for the isolate. */
  jitter: number;
  dev: boolean;
  report: Report;
  startTimer: (callback: () => void, ms: number) => () => void;
}

/** How an isolate learns that the table has changed. */
export interface PointerWatch {
  /** @returns what the request has to wait for; undefined when it can be served from memory as it is */
  refresh(waitUntil: WaitUntil): Promise<unknown> | undefined;
  /** Takes a gateway's word of a pointer that this isolate does not route by. */
  learn(pointer: Pointer): Promise<void>;
  /** Notes that a gateway knows of no other pointer than this isolate's. */
  confirm(): void;
}

/** An isolate without any table waits longer for one: all that it could answer is 503. */
const FIRST_LOOK_WAIT_MS = 5_000;
/** A gateway may itself be behind: its word counts only for so long after a look of the isolate's own. */
const CONFIRM_FOR_MS = 10_000;

export function createPointerWatch(options: PointerWatchOptions): PointerWatch {
  const { reader, sources, now, jitter, dev, report, startTimer } = options;
  let times: LookTimes = neverLooked;
  let lookedAt = Number.NEGATIVE_INFINITY;

  const learn = async (pointer: Pointer): Promise<void> => {
    if (await reader.offer(pointer)) await reader.prefetch();
  };

  /** Never rejects: what went wrong is reported, and the last good table serves. */
  async function look(waitUntil: WaitUntil): Promise<void> {
    times = { ...times, startedAt: now() };
    try {
      const pointer = await lookForPointer(sources);
      if (pointer !== null && (await reader.offer(pointer))) waitUntil(reader.prefetch());
      lookedAt = now();
      times = { ...times, checkedAt: lookedAt };
    } catch (error) {
      times = { ...times, failedAt: now() };
      report({ event: "pointer-look-failed", reason: String(error) });
    }
  }

  async function firstLook(work: Promise<void>): Promise<void> {
    await waitAtMost(work, LOOK_WAIT_MS, startTimer);
    if (reader.pointer !== undefined || (await reader.recover())) return;
    await waitAtMost(work, FIRST_LOOK_WAIT_MS, startTimer);
  }

  return {
    refresh(waitUntil) {
      const freshness = judgeFreshness(times, now(), { jitter, dev });
      if (freshness === "serve") return undefined;
      const work = look(waitUntil);
      waitUntil(work);
      if (reader.pointer === undefined) return firstLook(work);
      return freshness === "wait" ? waitAtMost(work, LOOK_WAIT_MS, startTimer) : undefined;
    },
    learn,
    confirm() {
      const at = now();
      if (at - lookedAt < CONFIRM_FOR_MS && at !== times.checkedAt) times = { ...times, checkedAt: at };
    },
  };
}
