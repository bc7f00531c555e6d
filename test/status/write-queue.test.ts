import { describe, expect, test } from "vitest";
import { ApiError, type ApiErrorCode } from "../../sync-agent/source/cluster/api-client.ts";
import { type Write, WriteQueue } from "../../sync-agent/status/write-queue.ts";
import { ManualClock } from "./manual-clock.ts";

function harness(writesPerSecond = 10) {
  const clock = new ManualClock();
  const done: string[] = [];
  const lines: string[] = [];
  let leads = true;
  const queue = new WriteQueue({
    isLeader: () => leads,
    log: { info: () => {}, warn: (_, message) => lines.push(message) },
    now: clock.now,
    sleep: clock.sleep,
    random: () => 0.5,
    writesPerSecond,
  });
  const write = (key: string, errors: (ApiErrorCode | Error)[] = [], permission = "patch things"): Write => ({
    key,
    permission,
    async run() {
      const error = errors.shift();
      if (error instanceof Error) throw error;
      if (error !== undefined) throw new ApiError(error, `${error} of the server`, { retryAfterMs: 7_000 });
      done.push(key);
    },
  });
  const resign = (): void => {
    leads = false;
  };
  return { clock, done, lines, queue, write, resign };
}

describe("a queue of writes", () => {
  test("does them in order, at most so many a second", async () => {
    const { clock, done, queue, write } = harness(5);
    queue.replace(["a", "b", "c"].map((key) => write(key)));
    await queue.idle();
    expect(done).toEqual(["a", "b", "c"]);
    expect(clock.waits).toEqual([200, 200, 200]);
    expect(queue.status()).toEqual({ waiting: 0, written: 3, failed: 0 });
  });

  test("forgets what is planned no more", async () => {
    const { done, queue, write } = harness();
    queue.replace(["a", "b"].map((key) => write(key)));
    queue.replace([write("c")]);
    await queue.idle();
    // The first was under way already.
    expect(done).toEqual(["a", "c"]);
  });

  test("does not try again what was planned no more when it failed", async () => {
    const { done, queue, write } = harness();
    const failing: Write = {
      ...write("a"),
      async run() {
        done.push("a");
        queue.replace([write("b")]);
        throw new ApiError("transient", "the server is busy");
      },
    };
    queue.replace([failing]);
    await queue.idle();
    expect(done).toEqual(["a", "b"]);
  });

  test("writes nothing without leading, and stops when it leads no more", async () => {
    const { done, queue, write, resign } = harness();
    queue.replace([
      {
        ...write("a"),
        run: async () => {
          done.push("a");
          resign();
        },
      },
      write("b"),
    ]);
    await queue.idle();
    expect(done).toEqual(["a"]);
    expect(queue.status().waiting).toBe(1);
  });

  test("tries again what failed for the moment, after ever longer waits and those asked for", async () => {
    const { clock, done, queue, write } = harness();
    queue.replace([write("a", ["transient", "unauthorized", "transient", "transient", "transient"])]);
    await queue.idle();
    expect(done).toEqual(["a"]);
    expect(clock.waits).toEqual([7_000, 7_000, 7_000, 7_000, 12_000, 100]);
  });

  test.each<ApiErrorCode>(["not-found", "conflict", "gone"])(
    "%s is left to the next plan, without a word",
    async (code) => {
      const { done, lines, queue, write } = harness();
      queue.replace([write("a", [code]), write("b")]);
      await queue.idle();
      expect([done, lines]).toEqual([["b"], []]);
    },
  );

  test("what the server refuses is said and left", async () => {
    const { done, lines, queue, write } = harness();
    queue.replace([write("a", ["refused"]), write("b", [new Error("a fault")]), write("c")]);
    await queue.idle();
    expect(done).toEqual(["c"]);
    expect(lines).toEqual(["the API server refuses a status", "the API server refuses a status"]);
  });

  test("what is forbidden is said once with the missing rule, and not tried for a while", async () => {
    const { clock, done, lines, queue, write } = harness();
    const secret = "patch gateways/status in gateway.networking.k8s.io";
    const forbidden = () => write("a", ["forbidden", "forbidden"], secret);
    queue.replace([forbidden(), write("b", [], secret), write("c")]);
    await queue.idle();
    expect(done).toEqual(["c"]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(secret);
    queue.replace([forbidden()]);
    expect(queue.status().waiting).toBe(0);
    clock.time += 10 * 60_000;
    queue.replace([write("d", [], secret)]);
    await queue.idle();
    expect(done).toEqual(["c", "d"]);
  });

  test("ends what is under way when it is closed", async () => {
    const { queue, write } = harness();
    let begun = (): void => {};
    const isBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    queue.replace([
      {
        ...write("a"),
        run: (signal) =>
          new Promise((_, reject) => {
            begun();
            signal.addEventListener("abort", () => reject(signal.reason));
          }),
      },
      write("b"),
    ]);
    await isBegun;
    await queue.close();
    expect(queue.status()).toEqual({ waiting: 0, written: 0, failed: 0 });
    queue.replace([write("c")]);
    await queue.idle();
    expect(queue.status().written).toBe(0);
  });
});
