import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createTokenSigner, createTokenVerifier } from "../../src/hop/token.ts";

const start = Date.UTC(2026, 10, 21, 12, 0, 30);
let time = start;
const now = () => time;
let pair: { privateKey: CryptoKey; publicKey: CryptoKey };
let other: { privateKey: CryptoKey; publicKey: CryptoKey };

beforeAll(async () => {
  pair = await generateKeyPair("EdDSA", { extractable: true });
  other = await generateKeyPair("EdDSA");
});

const newSigner = (maxEntries?: number) => {
  time = start;
  return createTokenSigner({
    key: pair.privateKey,
    kid: "k1",
    now,
    ...(maxEntries === undefined ? {} : { maxEntries }),
  });
};
const newVerifier = () => createTokenVerifier({ keys: { k1: pair.publicKey }, now });

describe("a token signer", () => {
  it("hands out one token for three minutes, at once after the first time, beginning with a minute", async () => {
    const signer = newSigner();
    const tokens: string[] = [];
    for (let second = 0; second < 600; second += 10) {
      time = start + second * 1000;
      tokens.push(await signer.sign("app"));
      expect(signer.sign("app")).toBe(tokens.at(-1));
    }
    const changes = tokens.flatMap((token, at) => (at > 0 && token !== tokens[at - 1] ? [at] : []));
    expect(changes.map((at) => (start / 1000 + at * 10) % 60)).toEqual(changes.map(() => 0));
    expect(changes.slice(1).map((at, index) => at - (changes[index] ?? 0))).toEqual(changes.slice(1).map(() => 18));
    expect(changes.length).toBeGreaterThan(2);
  });

  it("gives all edges the same token, whenever they began, with two minutes left of it at least", async () => {
    const signer = newSigner();
    for (let minute = 0; minute < 10; minute++) {
      for (const service of ["a", "b", "c", "d", "e"]) {
        time = start + minute * 60_000 + 29_999;
        const token = await signer.sign(service);
        const other = createTokenSigner({ key: pair.privateKey, kid: "k1", now });
        expect(await other.sign(service)).toBe(token);
        time += 120_000;
        expect(await newVerifier().verify(token, service)).toBe(true);
      }
    }
  });

  it("lets services change theirs in different minutes", async () => {
    const signer = newSigner();
    const services = Array.from({ length: 30 }, (_, index) => `app-${index}`);
    const before = await Promise.all(services.map((service) => signer.sign(service)));
    time = start + 60_000;
    const after = await Promise.all(services.map((service) => signer.sign(service)));
    const changed = after.filter((token, index) => token !== before[index]).length;
    expect(changed).toBeGreaterThan(0);
    expect(changed).toBeLessThan(services.length);
  });

  it("gives requests that miss together each their own promise, and equal tokens", async () => {
    const signer = newSigner();
    const [one, two] = [signer.sign("app"), signer.sign("app")];
    expect(one).not.toBe(two);
    expect(await one).toBe(await two);
  });

  it("keeps a bounded number of tokens", async () => {
    const signer = newSigner(2);
    for (const service of ["a", "b", "c"]) await signer.sign(service);
    expect(signer.sign("a")).toBeInstanceOf(Promise);
    expect(signer.sign("c")).toBeTypeOf("string");
  });

  it("drops no other service's token when requests sign one together", async () => {
    const signer = newSigner(2);
    await signer.sign("a");
    await Promise.all([signer.sign("b"), signer.sign("b")]);
    expect(["a", "b"].map((service) => typeof signer.sign(service))).toEqual(["string", "string"]);
  });

  it("takes its key as a JWK too", async () => {
    const signer = createTokenSigner({ key: await exportJWK(pair.privateKey), kid: "k1", now });
    const verifier = createTokenVerifier({ keys: new Map([["k1", await exportJWK(pair.publicKey)]]), now });
    expect(await verifier.verify(await signer.sign("app"), "app")).toBe(true);
  });
});

describe("a token verifier accepts", () => {
  it("a token for its service, the second time without asking the key", async () => {
    const verifier = newVerifier();
    const token = await newSigner().sign("app");
    expect(await verifier.verify(token, "app")).toBe(true);
    const subtle = vi.spyOn(crypto.subtle, "verify");
    expect(verifier.verify(token, "app")).toBe(true);
    expect(subtle).not.toHaveBeenCalled();
    subtle.mockRestore();
  });

  it("a token that several requests bring at once, asking the key once", async () => {
    const verifier = newVerifier();
    const token = await newSigner().sign("app");
    const subtle = vi.spyOn(crypto.subtle, "verify");
    const verdicts = await Promise.all(["app", "app", "other"].map((service) => verifier.verify(token, service)));
    expect(verdicts).toEqual([true, true, false]);
    expect(subtle).toHaveBeenCalledOnce();
    subtle.mockRestore();
  });

  it("a known token at once, however many forged ones came after it", async () => {
    const verifier = createTokenVerifier({ keys: { k1: pair.publicKey }, now, maxEntries: 10 });
    const token = await newSigner().sign("app");
    expect(await verifier.verify(token, "app")).toBe(true);
    for (let i = 0; i < 100; i++) expect(await verifier.verify(`a.b.${i}`, "app")).toBe(false);
    expect(verifier.verify(token, "app")).toBe(true);
  });

  it("a token from an edge whose clock is a minute ahead", async () => {
    const verifier = newVerifier();
    const token = await newSigner().sign("app");
    time = start - 90_000;
    expect(await verifier.verify(token, "app")).toBe(true);
  });
});

describe("a token verifier refuses", () => {
  it("another service, also from its cache", async () => {
    const verifier = newVerifier();
    const token = await newSigner().sign("app");
    expect(await verifier.verify(token, "other")).toBe(false);
    expect(verifier.verify(token, "app")).toBe(true);
    expect(verifier.verify(token, "other")).toBe(false);
    expect(verifier.whyRefused(token, "other")).toBe("other-service");
  });

  it("a token after five minutes, and one from the future", async () => {
    const verifier = newVerifier();
    const token = await newSigner().sign("app");
    expect(await verifier.verify(token, "app")).toBe(true);
    time = start - 30_000 + 300_000;
    expect(verifier.verify(token, "app")).toBe(false);
    expect(verifier.whyRefused(token, "app")).toBe("expired");
    time = start - 91_000;
    expect(verifier.verify(token, "app")).toBe(false);
    expect(verifier.whyRefused(token, "app")).toBe("early");
  });

  it("what is no token, and remembers it", async () => {
    const verifier = newVerifier();
    for (const token of ["", "a.b.c", "x".repeat(5000)]) expect(await verifier.verify(token, "app")).toBe(false);
    expect(verifier.verify("a.b.c", "app")).toBe(false);
    expect(verifier.whyRefused("a.b.c", "app")).toBe("forged");
  });

  const iat = Math.floor(start / 60_000) * 60;
  const claims = { sub: "app", iat, exp: iat + 300 };
  it.each<[string, () => Promise<string>]>([
    ["another key under a known name", () => jwt(claims, "k1", other.privateKey)],
    ["a key that nobody knows", () => jwt(claims, "k2", pair.privateKey)],
    ["no key name", () => jwt(claims, undefined, pair.privateKey)],
    ["a longer life", () => jwt({ ...claims, exp: iat + 301 }, "k1", pair.privateKey)],
    ["no expiry", () => jwt({ sub: "app", iat }, "k1", pair.privateKey)],
    ["no service", () => jwt({ iat, exp: iat + 300 }, "k1", pair.privateKey)],
    ["claims that are no object", () => jws("null", pair.privateKey)],
    ["no JSON", () => jws("{", pair.privateKey)],
    [
      "another algorithm",
      () => new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "k1" }).sign(new Uint8Array(32)),
    ],
  ])("a token with %s", async (_, make) => {
    time = start;
    expect(await newVerifier().verify(await make(), "app")).toBe(false);
  });
});

const jwt = (claims: Record<string, unknown>, kid: string | undefined, key: CryptoKey) =>
  new SignJWT(claims).setProtectedHeader({ alg: "EdDSA", ...(kid === undefined ? {} : { kid }) }).sign(key);

const jws = (text: string, key: CryptoKey) =>
  new CompactSign(new TextEncoder().encode(text)).setProtectedHeader({ alg: "EdDSA", kid: "k1" }).sign(key);
