import fc from "fast-check";
import { expect, it } from "vitest";
import { createSourceMemory } from "../../src/rate-limit/source-memory.ts";

it("keeps the half that was asked for last, and never more than all", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 200 }),
      (half, asked) => {
        const memory = createSourceMemory<{ key: number }>(half * 2);
        const made = new Map<number, object>();
        for (const [index, key] of asked.entries()) {
          let isNew = false;
          const entry = memory.get(String(key), () => {
            isNew = true;
            return { key };
          });
          const since = new Set(asked.slice(asked.lastIndexOf(key, index - 1) + 1, index));
          const wasAsked = index > 0 && asked.lastIndexOf(key, index - 1) !== -1;
          if (wasAsked && since.size < half) expect(entry).toBe(made.get(key));
          if (isNew) made.set(key, entry);
          expect(entry.key).toBe(key);
          expect(memory.size).toBeLessThanOrEqual(half * 2);
        }
      },
    ),
  );
});
