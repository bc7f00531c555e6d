import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import { request as httpsRequest } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CertificateStore } from "../../cli/dev/certificate-store.ts";
import { makeCertificate } from "../../cli/dev/make-certificate.ts";
import { startTlsListener, type TlsListener } from "../../cli/dev/tls-listener.ts";

const now = Date.now();

async function startServer(answer: string): Promise<{ server: Server; address: { host: string; port: number } }> {
  const server = createServer((request, response) => {
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
    });
    request.on("end", () => response.end(`${answer} ${request.url} ${request.headers.host} ${length}`));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port } };
}

const bodyOf = async (request: ReturnType<typeof httpRequest>, body = ""): Promise<string> => {
  request.end(body);
  const [response] = await once(request, "response");
  let text = "";
  for await (const chunk of response) text += chunk;
  return text;
};

describe("the TLS listener", () => {
  let listener: TlsListener;
  let secure: Awaited<ReturnType<typeof startServer>>;
  let plain: Awaited<ReturnType<typeof startServer>>;
  let certificates: CertificateStore;
  beforeAll(async () => {
    certificates = await CertificateStore.create();
    [secure, plain] = [await startServer("secure"), await startServer("plain")];
    listener = await startTlsListener({
      listen: { host: "127.0.0.1", port: 0 },
      tls: () => secure.address,
      plain: () => plain.address,
      certificates,
    });
  });
  afterAll(async () => {
    await listener.close();
    secure.server.close();
    plain.server.close();
  });
  const options = () => ({ host: "127.0.0.1", port: listener.port, agent: false as const });

  it("ends TLS and hands the rest on", async () => {
    const request = httpsRequest({
      ...options(),
      servername: "a.example.com",
      headers: { Host: "a.example.com" },
      path: "/x",
      method: "POST",
      rejectUnauthorized: false,
    });
    expect(await bodyOf(request, "y".repeat(300_000))).toBe("secure /x a.example.com 300000");
  });

  it("takes plain requests on the same port", async () => {
    expect(await bodyOf(httpRequest({ ...options(), headers: { Host: "b" } }))).toBe("plain / b 0");
  });

  const handshake = async (servername?: string): Promise<TLSSocket> => {
    const socket = connectTls({ ...options(), ...(servername && { servername }), rejectUnauthorized: false });
    await once(socket, "secureConnect");
    return socket;
  };

  it("offers http/1.1 only, with a certificate for the name asked for", async () => {
    const socket = connectTls({
      ...options(),
      servername: "new.example.com",
      ALPNProtocols: ["h2", "http/1.1"],
      rejectUnauthorized: false,
    });
    await once(socket, "secureConnect");
    expect(socket.alpnProtocol).toBe("http/1.1");
    expect(socket.getPeerX509Certificate()?.checkHost("new.example.com")).toBe("new.example.com");
    socket.destroy();
  });

  it("has a certificate for those who ask for no name", async () => {
    const socket = await handshake();
    expect(socket.getPeerX509Certificate()?.checkIP("127.0.0.1")).toBe("127.0.0.1");
    socket.destroy();
  });

  it("uses a given certificate for the names in it", async () => {
    const pair = await makeCertificate(["given.example.com"], now);
    expect(certificates.give([pair, { cert: "no", key: "pem" }])).toEqual([{ cert: "no", key: "pem" }]);
    const socket = await handshake("given.example.com");
    expect(socket.getPeerX509Certificate()?.fingerprint256).toBe(new X509Certificate(pair.cert).fingerprint256);
    socket.destroy();
  });

  it.each(["", "\u0016not a handshake", "\u0016\u0003\u0001\u0000\u0001\u0000"])(
    "survives a client that sends %j and leaves",
    async (bytes) => {
      const socket = connect(listener.port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.end(bytes, "latin1");
      socket.resume();
      await once(socket, "close");
      expect(await bodyOf(httpRequest({ ...options(), headers: { Host: "b" } }))).toBe("plain / b 0");
    },
  );
});

describe("CertificateStore", () => {
  it("makes one certificate for a name, and forgets the one that was used longest ago", async () => {
    const store = await CertificateStore.create(() => now, 2);
    const [a, b] = [await store.find("a.test"), await store.find("b.test")];
    expect(await store.find("A.TEST")).toBe(a);
    await store.find("c.test");
    expect(await store.find("a.test")).toBe(a);
    expect(await store.find("b.test")).not.toBe(b);
  });

  it.each(["", "..", "a b", "-", "x".repeat(300), "a/b", "ü.example"])("makes none for %j", async (name) => {
    expect(await (await CertificateStore.create(() => now)).find(name)).toBeUndefined();
  });
});
