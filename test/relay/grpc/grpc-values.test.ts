import { Readable } from "node:stream";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { answerStatus } from "../../../relay/grpc/answer-status.ts";
import { encodeMessage } from "../../../relay/grpc/grpc-status.ts";
import { formatGrpcTimeout, parseGrpcTimeout } from "../../../relay/grpc/grpc-timeout.ts";
import { createHeldBytes, ResendableBody } from "../../../relay/origin-gateway/resendable-body.ts";

test.each<[string | undefined, number | undefined]>([
  ["1H", 3_600_000],
  ["2M", 120_000],
  ["3S", 3_000],
  ["4m", 4],
  ["5000u", 5],
  ["99999999S", 99_999_999_000],
  ["0m", 0],
  ["1s", undefined],
  ["123456789m", undefined],
  ["-1S", undefined],
  ["", undefined],
  [undefined, undefined],
])("the timeout %s is %s ms", (text, ms) => {
  expect(parseGrpcTimeout(text)).toBe(ms);
});

test("a timeout that is written down is as long, or a little longer", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 3e14, noNaN: true }), (ms) => {
      const text = formatGrpcTimeout(ms);
      const read = parseGrpcTimeout(text) ?? Number.NaN;
      expect(text).toMatch(/^\d{1,8}[mSMH]$/);
      expect(read).toBeGreaterThanOrEqual(ms);
      expect(read).toBeLessThanOrEqual(Math.max(ms, 1) + Math.max(1, ms / 1e4));
    }),
  );
});

test.each<[number, string[], number]>([
  [200, ["content-type", "application/grpc"], 200],
  [200, ["content-type", "application/grpc", "grpc-status", "0"], 200],
  [200, ["grpc-status", "14"], 503],
  [200, ["grpc-status", "4"], 504],
  [200, ["grpc-status", "5"], 404],
  [200, ["grpc-status", "16"], 401],
  [200, ["grpc-status", "17"], 500],
  [200, ["grpc-status", "none"], 500],
  [502, ["grpc-status", "0"], 502],
])("an answer %s with %j counts as %s", (status, lines, counted) => {
  expect(answerStatus({ status, lines })).toBe(counted);
});

test("a message is what header lines may hold, and says the same", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const encoded = encodeMessage(text);
      expect(encoded).toMatch(/^[ -~]*$/);
      expect(decodeURIComponent(encoded)).toBe(text.toWellFormed());
    }),
  );
});

test("a call's body can be read again from its begin while little of it was read, whoever still waits", async () => {
  const source = new Readable({ read() {} });
  const body = new ResendableBody(source);
  const first = body.read();
  source.push("a");
  expect(String((await first.next()).value)).toBe("a");
  const abandoned = first.next();
  const second = body.read();
  expect(String((await second.next()).value)).toBe("a");
  const pending = second.next();
  source.push("b");
  expect(String((await pending).value)).toBe("b");
  expect(String((await abandoned).value)).toBe("b");
  body.settle();
  expect(body.isWhole).toBe(false);
  source.push("c");
  source.push(null);
  expect(String((await second.next()).value)).toBe("c");
  expect((await second.next()).done).toBe(true);
});

test("a reader that lags when nothing is kept any more misses nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 6 }), fc.nat({ max: 6 }), async (ahead, behind) => {
      const chunks = ["a", "b", "c", "d", "e", "f"];
      const body = new ResendableBody(Readable.from(chunks.map((text) => Buffer.from(text))));
      const first = body.read();
      for (let i = 0; i < ahead; i++) await first.next();
      const second = body.read();
      const read: string[] = [];
      for (let i = 0; i < Math.min(behind, ahead); i++) read.push(String((await second.next()).value));
      body.settle();
      for await (const chunk of second) read.push(String(chunk));
      expect(read).toEqual(chunks);
    }),
  );
});

test("a body too long to keep cannot be read again", async () => {
  const body = new ResendableBody(Readable.from([Buffer.alloc(40_000), Buffer.alloc(40_000)]));
  let bytes = 0;
  for await (const chunk of body.read()) bytes += chunk.length;
  expect([bytes, body.isWhole]).toEqual([80_000, false]);
});

test("bodies keep no more than there is room for, and give it back", async () => {
  const held = createHeldBytes(100);
  const bodyOf = (bytes: number): ResendableBody =>
    new ResendableBody(Readable.from([Buffer.alloc(bytes)]), 1_000, held);
  const readAll = async (body: ResendableBody): Promise<void> => {
    for await (const _ of body.read());
  };
  const [first, second, third] = [bodyOf(60), bodyOf(60), bodyOf(60)];
  await readAll(first);
  await readAll(second);
  expect([first.isWhole, second.isWhole]).toEqual([true, false]);
  first.end();
  first.end();
  second.end();
  await readAll(third);
  expect([first.isWhole, third.isWhole]).toEqual([false, true]);
  expect([held.take(40), held.take(1)]).toEqual([true, false]);
});
