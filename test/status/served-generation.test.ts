import { expect, test } from "vitest";
import { awaitServed } from "../../sync-agent/status/served-generation.ts";

interface Script {
  answers: (number | undefined | Error)[];
  wanted: number;
}

async function run({ answers, wanted }: Script, abortAfter = Number.POSITIVE_INFINITY) {
  const waits: number[] = [];
  const closing = new AbortController();
  let served = -1;
  await awaitServed({
    admin: {
      servedGeneration: async () => {
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    awaited: () => (served >= wanted ? undefined : wanted),
    onAnswer: (generation) => {
      served = generation;
    },
    sleep: async (ms) => {
      waits.push(ms);
      if (waits.length >= abortAfter) {
        closing.abort();
        throw new Error("aborted");
      }
    },
    random: () => 0.5,
    signal: closing.signal,
  });
  return { served, waits };
}

test("nothing is asked when nothing is awaited", async () => {
  expect(await run({ answers: [new Error("asked")], wanted: -1 })).toEqual({ served: -1, waits: [] });
});

test("asks until the Worker answers with it or with a later one", async () => {
  const { served, waits } = await run({ answers: [undefined, 3, 4, 6], wanted: 5 });
  expect(served).toBe(6);
  expect(waits).toEqual([250, 500, 1000]);
});

test("a Worker that cannot be asked is asked again, ever more rarely", async () => {
  const { served, waits } = await run({ answers: [new Error("down")], wanted: 5 }, 9);
  expect(served).toBe(-1);
  expect(waits.slice(0, 3)).toEqual([250, 500, 1000]);
  expect(Math.max(...waits)).toBe(10_000);
});
