import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dnsAnswer } from "../../cli/dev/dns-answer.ts";

const question = "076578616d706c6503636f6d00";
const query = (header: string, rest: string) => Buffer.from(header + rest, "hex");

describe("dnsAnswer", () => {
  it("asks nothing of what comes behind the question", () => {
    const plain = query("abcd01000001000000000000", `${question}00010001`);
    const extended = query("abcd01000001000000000001", `${question}00010001000029100000000000`);
    expect(dnsAnswer(extended, "me")).toEqual(dnsAnswer(plain, "me"));
    expect(dnsAnswer(plain, "me")?.toString("hex")).toBe(
      `abcd85800001000100000001${question}00010001c00c00010001000000000004${"7f000001"}c00c0010000100000000000302${"6d65"}`,
    );
  });

  it.each([
    ["an answer", "abcd81000001000000000000", `${question}00010001`],
    ["another kind of query", "abcd28000001000000000000", `${question}00010001`],
    ["no question", "abcd01000000000000000000", ""],
    ["two questions", "abcd01000002000000000000", `${question}00010001${question}00010001`],
    ["a question of another class", "abcd01000001000000000000", `${question}00010003`],
    ["a name that points elsewhere", "abcd01000001000000000000", "c00c00010001"],
    ["a name that is cut off", "abcd01000001000000000000", "0765"],
    ["a question that is cut off", "abcd01000001000000000000", `${question}0001`],
    ["too little", "abcd", ""],
  ])("takes %s for none of its business", (_, header, rest) => {
    expect(dnsAnswer(query(header, rest), "me")).toBeUndefined();
  });

  it("never throws, and says no more than a TXT record holds", () => {
    const bytes = fc
      .uint8Array({ maxLength: 80 })
      .map((rest) => Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...rest]));
    fc.assert(
      fc.property(bytes, fc.string({ maxLength: 400 }), (message, text) => {
        expect(dnsAnswer(message, text)?.length ?? 0).toBeLessThan(message.length + 300);
      }),
    );
  });
});
