import type { LookupAddress } from "node:dns";
import { beforeEach, expect, it } from "vitest";
import { type CachedLookupOptions, createCachedLookup } from "../../../relay/names/cached-lookup.ts";

type Resolve = CachedLookupOptions["resolve"];

let now: number;
let asked: { name: string; family: unknown; done: Parameters<Resolve>[2] }[];
let lookup: ReturnType<typeof createCachedLookup>;
beforeEach(() => {
  now = 0;
  asked = [];
  lookup = createCachedLookup({
    now: () => now,
    resolve: (name, { family }, done) => void asked.push({ name, family, done }),
  });
});

const v4 = (address: string): LookupAddress => ({ address, family: 4 });
const v6 = (address: string): LookupAddress => ({ address, family: 6 });
const look = (name: string, options: object = {}): Promise<unknown> =>
  new Promise((resolve) => lookup(name, options, (error, address) => resolve(error?.code ?? address)));
const answer = (addresses: LookupAddress[]): void => asked.at(-1)?.done(null, addresses);
const fail = (code: string): void => asked.at(-1)?.done(Object.assign(new Error(code), { code }), []);

it("asks once for all who wait, and again when the answer is old", async () => {
  const waiting = [look("db.example"), look("db.example")];
  answer([v4("192.0.2.1")]);
  expect(await Promise.all(waiting)).toEqual(["192.0.2.1", "192.0.2.1"]);
  now = 4_999;
  expect(await look("db.example")).toBe("192.0.2.1");
  expect(asked).toHaveLength(1);
  now = 5_000;
  const later = look("db.example");
  answer([v4("192.0.2.2")]);
  expect(await later).toBe("192.0.2.2");
  expect(asked).toHaveLength(2);
});

it("forgets a failure sooner", async () => {
  const first = look("db.example");
  fail("ENOTFOUND");
  expect(await first).toBe("ENOTFOUND");
  now = 999;
  expect(await look("db.example")).toBe("ENOTFOUND");
  expect(asked).toHaveLength(1);
  now = 1_000;
  const later = look("db.example");
  answer([v4("192.0.2.1")]);
  expect(await later).toBe("192.0.2.1");
});

it("has addresses take turns, those of the family that comes first before the others", async () => {
  const first = look("db.example", { all: true });
  answer([v6("2001:db8::1"), v4("192.0.2.1"), v6("2001:db8::2")]);
  expect(await first).toEqual([v6("2001:db8::1"), v6("2001:db8::2"), v4("192.0.2.1")]);
  expect(await look("db.example", { all: true })).toEqual([v6("2001:db8::2"), v6("2001:db8::1"), v4("192.0.2.1")]);
  expect(await look("db.example")).toBe("2001:db8::1");
  expect(await look("db.example")).toBe("2001:db8::2");
});

it("takes the family as sockets of UDP give it, and keeps each family apart", async () => {
  const both = [look("db.example", 4 as unknown as object), look("db.example", { family: 6 })];
  expect(asked.map(({ name, family }) => [name, family])).toEqual([
    ["db.example", 4],
    ["db.example", 6],
  ]);
  asked[0]?.done(null, [v4("192.0.2.1")]);
  asked[1]?.done(null, [v6("2001:db8::1")]);
  expect(await Promise.all(both)).toEqual(["192.0.2.1", "2001:db8::1"]);
});

it("keeps a bounded number of names, the oldest go", async () => {
  const names = Array.from({ length: 1_025 }, (_, index) => `${index}.example`);
  for (const name of names) {
    const looked = look(name);
    answer([v4("192.0.2.1")]);
    await looked;
  }
  await look("1024.example");
  expect(asked).toHaveLength(1_025);
  const again = look("0.example");
  expect(asked).toHaveLength(1_026);
  answer([v4("192.0.2.9")]);
  expect(await again).toBe("192.0.2.9");
});

it("tells of a name without addresses", async () => {
  const looked = look("db.example", { all: true });
  answer([]);
  expect(await looked).toEqual([]);
});
