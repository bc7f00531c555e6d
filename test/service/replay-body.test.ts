import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createReplayBody } from "../../src/service/replay-body.ts";
import { bytes, countedBody, readAll } from "./service-harness.ts";

const concat = (chunks: readonly Uint8Array[]) => Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));

describe("a body sent again", () => {
  it("is whole, however much the first try read within the limit", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 10 }),
        fc.nat(12),
        fc.boolean(),
        async (chunks, reads, cancels) => {
          const replay = createReplayBody(countedBody(chunks).stream, 1000);
          const reader = replay.first.getReader();
          for (let read = 0; read < reads; read++) await reader.read();
          if (cancels) await reader.cancel();
          const again = replay.again();
          expect(again && (await readAll(again))).toEqual(concat(chunks));
        },
      ),
    );
  });

  it("holds the chunk that the first try was still waiting for, also past the limit", async () => {
    const pulled = Promise.withResolvers<void>();
    const delivered = Promise.withResolvers<Uint8Array>();
    const source = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          pulled.resolve();
          controller.enqueue(await delivered.promise);
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const replay = createReplayBody(source, 4);
    const pending = expect(replay.first.getReader().read()).rejects.toThrow("sent elsewhere");
    await pulled.promise;
    const again = replay.again();
    const whole = again === undefined ? undefined : readAll(again);
    delivered.resolve(bytes(10, 3));
    expect(await whole).toEqual(bytes(10, 3));
    await pending;
  });

  it("keeps what was read when the first reader takes the chunk's memory away", async () => {
    const replay = createReplayBody(countedBody([bytes(5, 9)]).stream, 100);
    const { value } = await replay.first.getReader().read();
    structuredClone(value?.buffer, { transfer: [value?.buffer as ArrayBuffer] });
    const again = replay.again();
    expect(again && (await readAll(again))).toEqual(bytes(5, 9));
  });

  it("passes its reader's cancel on to the source", async () => {
    const source = countedBody([bytes(5)]);
    await createReplayBody(source.stream, 100).again()?.cancel("enough");
    expect(source.state.cancelled).toBe("enough");
  });
});

describe("a body that cannot be sent again", () => {
  it("has been read past the limit; the first try still gets it whole", async () => {
    const replay = createReplayBody(countedBody([bytes(60), bytes(60)]).stream, 100);
    expect((await readAll(replay.first)).byteLength).toBe(120);
    expect(replay.again()).toBeUndefined();
  });

  it("has failed", async () => {
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.error(new Error("the client went away"));
      },
    });
    const replay = createReplayBody(source, 100);
    await expect(readAll(replay.first)).rejects.toThrow("the client went away");
    expect(replay.again()).toBeUndefined();
  });

  it("was settled", async () => {
    const replay = createReplayBody(countedBody([bytes(1)]).stream, 100);
    replay.settle();
    expect(replay.again()).toBeUndefined();
    expect(await readAll(replay.first)).toEqual(bytes(1));
  });
});

describe("the source of a body that is not sent again", () => {
  it("is left alone by the first try until that is settled", async () => {
    const source = countedBody([bytes(1)]);
    const replay = createReplayBody(source.stream, 100);
    await replay.first.cancel("early answer");
    expect(source.state.cancelled).toBeUndefined();
    replay.settle();
    expect(source.state.cancelled).toBe("early answer");
  });

  it("ends with the first try afterwards", async () => {
    const source = countedBody([bytes(1)]);
    const replay = createReplayBody(source.stream, 100);
    replay.settle();
    await replay.first.cancel("late");
    expect(source.state.cancelled).toBe("late");
  });

  it("is read no faster than the first try reads", async () => {
    const source = countedBody([bytes(1), bytes(1)]);
    const replay = createReplayBody(source.stream, 100);
    expect(source.state.pulled).toBe(0);
    await replay.first.getReader().read();
    expect(source.state.pulled).toBe(1);
  });
});
