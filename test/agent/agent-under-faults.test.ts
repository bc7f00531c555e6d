import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Refusal } from "../../sync-agent/agent/agent-parts.ts";
import { createAgent } from "../../sync-agent/agent/create-agent.ts";
import { FatalError, fakeParts, hostsOf, ingress } from "./fake-parts.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const refusals: Refusal[] = ["stale-epoch", "stale-expectation", "other-publisher", "pinned", "guarded"];

/** What may happen, in any order. */
const anyEvent = fc.oneof(
  fc.record({ do: fc.constant("apply" as const), host: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ do: fc.constant("delete" as const), host: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 100_000 }) }),
  fc.constantFrom({ do: "lead" as const }, { do: "lose" as const }, { do: "freeze" as const }),
  fc.constantFrom({ do: "lease-taken" as const }, { do: "lease-unknown" as const }),
  fc.constantFrom({ do: "accept" as const }, { do: "fail" as const }, { do: "fail-for-good" as const }),
  fc.record({ do: fc.constant("refuse" as const), reason: fc.constantFrom(...refusals) }),
  fc.record({ do: fc.constant("claims" as const), fail: fc.boolean() }),
);

it("feeds the newest table whatever happens, publishes it once all is well, and only while it leads", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { maxLength: 40 }), async (events) => {
      const { parts, source, publisher, lease, fed } = fakeParts();
      publisher.isManual = true;
      let open = 0;
      const violations: string[] = [];
      const { publish } = publisher;
      vi.spyOn(publisher, "publish").mockImplementation((table, options) => {
        if (!lease.holds) violations.push("published without leading");
        if (open > 0) violations.push("two publishes at a time");
        open += 1;
        const ended = () => {
          open = 0;
        };
        options.signal.addEventListener("abort", ended);
        const outcome = publish.call(publisher, table, options);
        outcome.then(ended, ended);
        return outcome;
      });
      const agent = createAgent(parts, { throttleMs: 2_000, random: Math.random });
      source.sync();
      const wanted = new Set<string>();
      const end = (how: (last: (typeof publisher.publishes)[number]) => void): void => {
        const last = publisher.publishes.at(-1);
        if (last !== undefined) how(last);
      };
      for (const event of events) {
        switch (event.do) {
          case "apply":
            wanted.add(`h${event.host}`);
            source.put(ingress(`h${event.host}`));
            break;
          case "delete":
            wanted.delete(`h${event.host}`);
            source.objects.remove("Ingress", "default", `h${event.host}`);
            source.tell(true);
            break;
          case "wait":
            await vi.advanceTimersByTimeAsync(event.ms);
            break;
          case "lead":
            lease.isHolder = true;
            lease.lead();
            break;
          case "lose":
            lease.lose();
            break;
          case "freeze":
            lease.holds = false;
            break;
          case "lease-taken":
            lease.isHolder = false;
            break;
          case "lease-unknown":
            lease.isHolder = new Error("unreachable");
            break;
          case "claims":
            publisher.claimWith = async (atLeast) => {
              if (event.fail) throw new Error("unreachable");
              return Math.max(publisher.lastEpoch, atLeast) + 1;
            };
            break;
          case "accept":
            end((last) => last.resolve(publisher.accept(last.epoch)));
            break;
          case "fail":
            end((last) => last.reject(new Error("500")));
            break;
          case "fail-for-good":
            end((last) => last.reject(new FatalError("403")));
            break;
          case "refuse":
            end((last) => last.resolve({ status: "refused", reason: event.reason, message: "no", pointer: undefined }));
            break;
        }
        await vi.advanceTimersByTimeAsync(1);
      }

      await vi.advanceTimersByTimeAsync(2_001);
      expect(hostsOf(fed.at(-1)?.table)).toEqual([...wanted].sort());

      publisher.isManual = false;
      publisher.claimWith = async (atLeast) => Math.max(publisher.lastEpoch, atLeast) + 1;
      lease.isHolder = true;
      lease.lead();
      await vi.advanceTimersByTimeAsync(200_000);
      expect(hostsOf(publisher.last.table)).toEqual([...wanted].sort());
      expect(fed.at(-1)?.pointer).toEqual(publisher.current);

      expect(violations).toEqual([]);

      const stopped = agent.stop();
      await vi.advanceTimersByTimeAsync(10_000);
      await stopped;
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 150 },
  );
}, 30_000);
