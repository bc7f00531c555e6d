import type { ConnectionOptions } from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { createCertificateSet } from "../../../relay/tls/certificate-set.ts";
import type { Certificate, TlsOptions } from "../../../src/table/tls.ts";
import {
  certificateFor,
  closeAll,
  echo,
  openTls,
  read,
  router,
  service,
  startPod,
  startRelay,
} from "../tcp/tcp-harness.ts";

afterEach(closeAll);

let own: Certificate;
let other: Certificate;
let client: Certificate;
beforeAll(async () => {
  [own, other, client] = await Promise.all([
    certificateFor("a.example"),
    certificateFor("b.example"),
    certificateFor("client"),
  ]);
});

async function serve(options: TlsOptions, certificates: Record<string, Certificate> = { own }, name = "named") {
  const tls = { passthrough: false, ...(name === "default" ? {} : { options: name }) };
  const { port } = await startRelay([
    { tcpRouters: [router("HostSNI(`*`)", "db", { tls })], certificates, tlsOptions: { [name]: options } },
    service("db", [await startPod(echo("db"))]),
  ]);
  return (given: ConnectionOptions = {}) => openTls(port, { servername: "a.example", ...given });
}

/** What the Pod's greeting, or nothing, says of whether the client was let in: TLS 1.3 tells it no earlier. */
const greeting = (opening: ReturnType<typeof openTls>): Promise<string> =>
  opening.then(
    (socket) => read(socket, 3),
    () => "",
  );

describe("clients' certificates", () => {
  const modes = [
    ["request", { none: true, known: true, stranger: true }],
    ["require", { none: false, known: true, stranger: true }],
    ["verifyIfGiven", { none: true, known: true, stranger: false }],
    ["requireAndVerify", { none: false, known: true, stranger: false }],
  ] as const;
  const cases = modes.flatMap(([mode, lets]) =>
    (["TLSv1.2", "TLSv1.3"] as const).map((version) => [mode, version, lets] as const),
  );
  it.each(cases)("%s, over %s", async (mode, version, lets) => {
    const connect = await serve({ clientAuth: { mode, authorities: [client.certificate] } });
    const as = (shown?: Certificate) =>
      greeting(
        connect({
          minVersion: version,
          maxVersion: version,
          ...(shown && { cert: shown.certificate, key: shown.key }),
        }),
      );
    expect({ none: await as(), known: await as(client), stranger: await as(other) }).toEqual({
      none: lets.none ? "db:" : "",
      known: lets.known ? "db:" : "",
      stranger: lets.stranger ? "db:" : "",
    });
  });
});

describe("options", () => {
  it("choose the ciphers", async () => {
    const connect = await serve({ maxVersion: "TLSv1.2", cipherSuites: ["ECDHE-ECDSA-AES128-GCM-SHA256"] });
    expect((await connect()).getCipher().name).toBe("ECDHE-ECDSA-AES128-GCM-SHA256");
    await expect(connect({ ciphers: "ECDHE-ECDSA-CHACHA20-POLY1305" })).rejects.toThrow();
  });

  it("choose the curves", async () => {
    const connect = await serve({ curvePreferences: ["P-384"] });
    expect(await greeting(connect({ ecdhCurve: "P-384" }))).toBe("db:");
    await expect(connect({ ecdhCurve: "P-521" })).rejects.toThrow();
  });

  it("end at a version", async () => {
    const connect = await serve({ maxVersion: "TLSv1.2" });
    expect((await connect()).getProtocol()).toBe("TLSv1.2");
    await expect(connect({ minVersion: "TLSv1.3" })).rejects.toThrow();
  });

  it("name the protocols, in the relay's order", async () => {
    const connect = await serve({ alpnProtocols: ["h2", "mongo"] });
    expect((await connect({ ALPNProtocols: ["mongo", "h2"] })).alpnProtocol).toBe("h2");
    expect((await connect({ ALPNProtocols: ["mongo"] })).alpnProtocol).toBe("mongo");
    expect((await connect()).alpnProtocol).toBe(false);
    await expect(connect({ ALPNProtocols: ["other"] })).rejects.toThrow();
  });

  it("named `default` hold for routes that name none", async () => {
    const connect = await serve({ minVersion: "TLSv1.3" }, { own }, "default");
    await expect(connect({ maxVersion: "TLSv1.2" })).rejects.toThrow();
    expect((await connect()).getProtocol()).toBe("TLSv1.3");
  });
});

describe("certificates", () => {
  it("that cannot be read harm no other", async () => {
    const broken = { text: { certificate: "x", key: "y" }, pair: { ...other, key: own.key } };
    const certificates = { ...broken, late: { certificate: "", key: "", isDefault: true }, own };
    const set = createCertificateSet(certificates);
    expect([...set.broken.keys()]).toEqual(["text", "pair", "late"]);
    expect(set.standard).toBeUndefined();
    const connect = await serve({}, certificates);
    expect(await greeting(connect({ ca: [own.certificate], rejectUnauthorized: true }))).toBe("db:");
    await expect(connect({ servername: "b.example" })).rejects.toThrow();
  });

  it("that are the default are shown for names without one, and to who names none", async () => {
    const connect = await serve({}, { own, standard: { ...other, isDefault: true } });
    for (const servername of ["c.example", undefined]) {
      const socket = await connect(servername === undefined ? { servername: "" } : { servername });
      expect(socket.getPeerX509Certificate()?.subjectAltName).toBe("DNS:b.example");
    }
  });
});
