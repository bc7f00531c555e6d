import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { subjectAltNames } from "../../src/middleware/certificate-names.ts";
import { readDistinguishedName } from "../../src/middleware/distinguished-name.ts";
import type { MiddlewareOptions } from "../../src/table/middleware.ts";
import { build, exchangeOf } from "./run-middleware.ts";

// Made by openssl: with names of every kind, and with none.
const CERT =
  "MIICnTCCAkSgAwIBAgIUUhvCn1Htcnq5A873aYTS2XkWjUUwCgYIKoZIzj0EAwIwbjELMAkGA1UEBhMCRlIxDTALBgNVBAgMBENoZXIxEDAOBgNVBAcMB0JvdXJnZXMxEjAQBgNVBAoMCU9yZywgSW5jLjENMAsGA1UECwwEVW5pdDEbMBkGA1UEAwwSY2xpZW50LmV4YW1wbGUuY29tMB4XDTI2MTEyMTExNTIzOVoXDTM2MTExODExNTIzOVowbjELMAkGA1UEBhMCRlIxDTALBgNVBAgMBENoZXIxEDAOBgNVBAcMB0JvdXJnZXMxEjAQBgNVBAoMCU9yZywgSW5jLjENMAsGA1UECwwEVW5pdDEbMBkGA1UEAwwSY2xpZW50LmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1am09yj/yI/kSW9X9uw4jz+nALMI6VxWxDTowWjzlXU+MpESak3L3ZTf3fAoKmNhlr5YALHqoChz+iFVL5f3d6OBvzCBvDAdBgNVHQ4EFgQUF3I/mSZURCrBERzIdY1o2vZld+gwHwYDVR0jBBgwFoAUF3I/mSZURCrBERzIdY1o2vZld+gwDwYDVR0TAQH/BAUwAwEB/zBpBgNVHREEYjBggg1hLmV4YW1wbGUuY29tgQ5tZUBleGFtcGxlLmNvbYcECgAAAYcQIAENuAAAAAAAAAAAAAAAAYYWc3BpZmZlOi8vZXhhbXBsZS5jb20vYYIPKi5iLmV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0cAMEQCIH0CxfSbgrHUoA/VK/eOLGW5f6zPdy0L4of0sQlj0Te6AiA3s2BSmgZBtpHvC0CTIxhWhZnwum4rWGKtINqN4e5ALA==";
const BARE =
  "MIIBdzCCAR2gAwIBAgIUedfWwqIJPnOyMKbw2+bQ+fKuyFgwCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGbm8tc2FuMB4XDTI2MTEyMTExNTIzOVoXDTM2MTExODExNTIzOVowETEPMA0GA1UEAwwGbm8tc2FuMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEOuix/fQbyhLxPYLAl9r1EjkOLXzcJ3TZadF37RlO34aPdhDzAqDfBfibBviKQPNA0A0J3+8reDoAdD1kOy2cBqNTMFEwHQYDVR0OBBYEFEt7gVao184XxNUWtTe2XkNiGOOPMB8GA1UdIwQYMBaAFEt7gVao184XxNUWtTe2XkNiGOOPMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAJy2mMR1DV2E+l60XfdTzYh7FWXi9S+PGwJ4ayJ0rdntAiBGtUCeaaCkLwBDAR6Sr1VxUsGXy85XI27ROojxYChybg==";

const auth = {
  certPresented: "1",
  certVerified: "SUCCESS",
  certRevoked: "0",
  certSubjectDNRFC2253: "CN=client.example.com,OU=Unit,O=Org\\, Inc.,L=Bourges,ST=Cher,C=FR,DC=b,DC=a",
  certIssuerDNRFC2253: "CN=CA,serialNumber=7,C=DE",
  certSerial: "00936EACBE07F201DF",
  certNotBefore: "Dec 22 19:39:00 2018 GMT",
  certNotAfter: "Dec 22 19:39:00 2028 GMT",
  certRFC9440: `:${CERT}:`,
  certChainRFC9440: "",
};

const all = {
  commonName: true,
  country: true,
  domainComponent: true,
  locality: true,
  organization: true,
  province: true,
  serialNumber: true,
};
const everything = {
  notAfter: true,
  notBefore: true,
  sans: true,
  serialNumber: true,
  subject: { ...all, organizationalUnit: true },
  issuer: all,
};

/** The two headers as the service gets them, and which of them the client could not have sent. */
async function told(
  options: Partial<MiddlewareOptions<"passTLSClientCert">>,
  tlsClientAuth: object | null | undefined,
  { trusted = false, headers = {} }: { trusted?: boolean; headers?: Record<string, string> } = {},
) {
  const exchange = exchangeOf({ headers, trusted });
  Object.assign(exchange.request, { cf: { tlsClientAuth } });
  await build({ type: "passTLSClientCert", ...options })(async () => new Response(null))(exchange);
  const info = exchange.headers.get("x-forwarded-tls-client-cert-info");
  return {
    pem: exchange.headers.get("x-forwarded-tls-client-cert"),
    info: info === null ? null : decodeURIComponent(info.replaceAll("+", " ")),
    raw: info,
    assigned: exchange.headers.assigned,
  };
}

describe("a verified certificate", () => {
  it("is told as it is, with the ones that came with it", async () => {
    expect(await told({ pem: true }, auth)).toMatchObject({
      pem: CERT,
      info: null,
      assigned: ["x-forwarded-tls-client-cert"],
    });
    const chain = { ...auth, certChainRFC9440: `:${BARE}:, :AAAA:` };
    expect((await told({ pem: true }, chain)).pem).toBe(`${CERT},${BARE},AAAA`);
  });

  it("is described, by what is asked for", async () => {
    expect((await told({ info: everything }, auth)).info).toBe(
      [
        'Subject="DC=a,DC=b,C=FR,ST=Cher,L=Bourges,O=Org, Inc.,OU=Unit,CN=client.example.com"',
        'Issuer="C=DE,SN=7,CN=CA"',
        'SerialNumber="10623618503190643167"',
        'NB="1545507540"',
        'NA="1861126740"',
        'SAN="a.example.com,*.b.example.com,me@example.com,10.0.0.1,2001:db8::1,spiffe://example.com/a"',
      ].join(";"),
    );
    const some = await told({ info: { subject: { commonName: true }, issuer: {} } }, auth);
    expect([some.info, some.raw]).toEqual([
      'Subject="CN=client.example.com"',
      "Subject%3D%22CN%3Dclient.example.com%22",
    ]);
  });

  it("cannot forge a field by a name of its own", async () => {
    const forged = { ...auth, certSubjectDNRFC2253: 'CN=a\\"\\;SAN=\\"admin' };
    expect((await told({ info: { subject: { commonName: true } } }, forged)).info).toBe(
      'Subject="CN=a\\";SAN=\\"admin"',
    );
  });

  it("that is too large to be told is described by the rest", async () => {
    const large = { ...auth, certRFC9440: "" };
    expect(await told({ pem: true, info: { sans: true, serialNumber: true } }, large)).toMatchObject({
      pem: null,
      info: 'SerialNumber="10623618503190643167"',
    });
  });
});

describe("no certificate is told", () => {
  it.each([
    ["that there is not", { ...auth, certPresented: "0" }],
    ["that could not be verified", { ...auth, certVerified: "FAILED:unable to get local issuer certificate" }],
    ["that was revoked", { ...auth, certRevoked: "1" }],
    ["on plain HTTP", null],
    ["where nobody tells", undefined],
  ])("%s, nor one that the client tells itself", async (_, given) => {
    const headers = { "X-Forwarded-Tls-Client-Cert": "forged", X_Forwarded_Tls_Client_Cert_Info: "forged" };
    expect(await told({ pem: true, info: everything }, given, { headers })).toMatchObject({ pem: null, info: null });
  });

  it("by us; what a trusted proxy tells stays", async () => {
    const headers = { "X-Forwarded-Tls-Client-Cert": "proxy" };
    expect((await told({ pem: true }, null, { headers, trusted: true })).pem).toBe("proxy");
    expect((await told({ pem: true }, auth, { headers, trusted: true })).pem).toBe(CERT);
  });
});

describe("the parts of a certificate", () => {
  const der = new Uint8Array(Buffer.from(CERT, "base64"));

  it("names are read to the last, or none", () => {
    expect(subjectAltNames(new Uint8Array(Buffer.from(BARE, "base64")))).toEqual([]);
    for (let end = 0; end < der.length - 100; end += 7) expect(subjectAltNames(der.subarray(0, end))).toEqual([]);
  });

  it("no bytes make the reading fail", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => Array.isArray(subjectAltNames(bytes))));
    const changed = fc.tuple(fc.nat(der.length - 1), fc.nat(255));
    fc.assert(fc.property(changed, ([at, byte]) => Array.isArray(subjectAltNames(der.with(at, byte)))));
  });

  it.each([
    ["CN=a,C=b", { CN: ["a"], C: ["b"] }],
    ["OU=one,OU=two", { OU: ["two", "one"] }],
    ["CN=a\\,b\\+c\\\\,C=d", { CN: ["a,b+c\\"], C: ["d"] }],
    ["CN=zo\\C3\\AB+UID=1", { UID: ["1"], CN: ["zoë"] }],
    ["", {}],
    ["nothing", {}],
  ])("%s", (text, expected) => {
    expect(Object.fromEntries(readDistinguishedName(text))).toEqual(expected);
  });
});
