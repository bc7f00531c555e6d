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
  it("hands out the minute's token at once after the first time", async () => {
    const signer = newSigner();
    const token = await signer.sign("app");
    expect(signer.sign("app")).toBe(token);
    time = start + 29_999;
    expect(signer.sign("app")).toBe(token);
    time = start + 30_000;
    expect(await signer.sign("app")).not.toBe(token);
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
  });

  it("a token after five minutes, and one from the future", async () => {
    const verifier = newVerifier();
    const token = await newSigner().sign("app");
    expect(await verifier.verify(token, "app")).toBe(true);
    time = start - 30_000 + 300_000;
    expect(verifier.verify(token, "app")).toBe(false);
    time = start - 91_000;
    expect(verifier.verify(token, "app")).toBe(false);
  });

  it("what is no token, and remembers it", async () => {
    const verifier = newVerifier();
    for (const token of ["", "a.b.c", "x".repeat(5000)]) expect(await verifier.verify(token, "app")).toBe(false);
    expect(verifier.verify("a.b.c", "app")).toBe(false);
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
