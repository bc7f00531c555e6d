import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CutReason, tapBody } from "../../src/service/tap-body.ts";
import { bytes, countedBody, readAll } from "./service-harness.ts";

const create = (chunks: Uint8Array[], change: Partial<Parameters<typeof tapBody>[1]> = {}) => {
  const source = countedBody(chunks);
  const cuts: [number, CutReason][] = [];
  const tapped = tapBody(source.stream, {
    copies: 1,
    maxQueued: 100,
    maxSize: -1,
    onCut: (copy, reason) => cuts.push([copy, reason]),
    ...change,
  });
  const [copy] = tapped.copies;
  if (copy === undefined) throw new Error("no copy");
  return { ...tapped, copy, cuts, source: source.state };
};

describe("a tapped body", () => {
  it("reaches the main reader and every copy whole, however it is cut into chunks", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 })), fc.nat(3), async (chunks, copies) => {
        const all = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
        const tapped = tapBody(countedBody(chunks).stream, { copies, maxQueued: 1e6, maxSize: -1, onCut: () => {} });
        const read = await Promise.all([tapped.main, ...tapped.copies].map(readAll));
        expect(read).toEqual(Array(copies + 1).fill(all));
      }),
    );
  });

  it("is read only as fast as the main reader reads", async () => {
    const { main, copy, source } = create([bytes(10), bytes(10), bytes(10)]);
    const copyReader = copy.getReader();
    const first = copyReader.read();
    expect(source.pulled).toBe(0);
    const reader = main.getReader();
    await reader.read();
    expect((await first).value).toEqual(bytes(10));
    expect(source.pulled).toBe(1);
  });

  it("never waits for a copy that nobody reads: it is cut", async () => {
    const { main, copy, cuts } = create(Array(50).fill(bytes(10)));
    expect((await readAll(main)).byteLength).toBe(500);
    expect(cuts).toEqual([[0, "lagged"]]);
    await expect(readAll(copy)).rejects.toThrow("lagged");
  });

  it("leaves a copy that keeps up whole beside one that lags", async () => {
    const { main, copies, cuts } = create(Array(50).fill(bytes(10)), { copies: 2 });
    const second = copies[1]?.getReader();
    const reader = main.getReader();
    let read = 0;
    for (let result = await reader.read(); !result.done; result = await reader.read()) {
      read += (await second?.read())?.value?.byteLength ?? 0;
    }
    expect(read).toBe(500);
    expect(cuts).toEqual([[0, "lagged"]]);
  });

  it("cuts its copies when it turns out too large, and goes on", async () => {
    const { main, cuts, copy } = create([bytes(30), bytes(30)], { maxSize: 59 });
    const copied = readAll(copy);
    expect((await readAll(main)).byteLength).toBe(60);
    await expect(copied).rejects.toThrow("too-large");
    expect(cuts).toEqual([[0, "too-large"]]);
  });

  it("of exactly the largest size is copied", async () => {
    const { main, copy, cuts } = create([bytes(30), bytes(30)], { maxSize: 60 });
    await Promise.all([readAll(main), readAll(copy)]);
    expect(cuts).toEqual([]);
  });

  it("goes on when a copy's reader gives up", async () => {
    const { main, copy, cuts } = create([bytes(60), bytes(60), bytes(60)]);
    await copy.cancel();
    expect((await readAll(main)).byteLength).toBe(180);
    expect(cuts).toEqual([]);
  });

  it("ends when the main reader gives up", async () => {
    const { main, copy, cuts, source } = create([bytes(10), bytes(10)]);
    await main.cancel("enough");
    expect(source.cancelled).toBe("enough");
    await expect(readAll(copy)).rejects.toThrow("abandoned");
    expect(cuts).toEqual([[0, "abandoned"]]);
  });

  it("fails for both when its source fails", async () => {
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new Error("the client went away"));
      },
    });
    const { main, copies } = tapBody(source, { copies: 1, maxQueued: 10, maxSize: -1, onCut: () => {} });
    await expect(readAll(main)).rejects.toThrow("the client went away");
    for (const copy of copies) await expect(readAll(copy)).rejects.toThrow("abandoned");
  });

  it("keeps its copy when the main reader takes the chunk's memory away", async () => {
    const { main, copy } = create([bytes(10, 7)]);
    const { value } = await main.getReader().read();
    structuredClone(value?.buffer, { transfer: [value?.buffer as ArrayBuffer] });
    expect((await copy.getReader().read()).value).toEqual(bytes(10, 7));
  });
});
