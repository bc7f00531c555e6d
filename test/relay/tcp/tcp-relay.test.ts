import { once } from "node:events";
import { createSecureContext, TLSSocket } from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { readProxyHeader, writeProxyHeader } from "../../../relay/tcp/proxy-header.ts";
import { SSL_REQUEST } from "../../../relay/tcp/read-first-bytes.ts";
import type { Certificate } from "../../../src/table/tls.ts";
import {
  certificateFor,
  closeAll,
  echo,
  ending,
  exchange,
  freePort,
  open,
  openTls,
  read,
  router,
  service,
  startRelay as startAnyRelay,
  startPod,
  startTlsPod,
} from "./tcp-harness.ts";

afterEach(closeAll);

let certificates: Record<"a" | "b" | "client", Certificate>;
beforeAll(async () => {
  const [a, b, client] = await Promise.all([
    certificateFor("a.example", "*.wild.example"),
    certificateFor("b.example"),
    certificateFor("client"),
  ]);
  certificates = { a, b, client };
});

const passthrough = { tls: { passthrough: true } };
const terminated = { tls: { passthrough: false } };

/** A ClientHello as small as can be. */
function helloFor(name: string): Buffer {
  const host = Buffer.from(name);
  const u16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);
  const entry = Buffer.concat([Buffer.from([0]), u16(host.length), host]);
  const extension = Buffer.concat([u16(0), u16(entry.length + 2), u16(entry.length), entry]);
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32),
    Buffer.from([0, 0, 2, 0x13, 1, 1, 0]),
    u16(extension.length),
    extension,
  ]);
  const message = Buffer.concat([Buffer.from([1, 0]), u16(body.length), body]);
  return Buffer.concat([Buffer.from([22, 3, 1]), u16(message.length), message]);
}

describe.each([
  ["handles", true],
  ["sockets", false],
])("carried by %s", (_, usesHandles) => {
  const startRelay: typeof startAnyRelay = (parts, options) => startAnyRelay(parts, { usesHandles, ...options });

  describe("plain connections", () => {
    it("reach the endpoint, and come back", async () => {
      const relay = await startRelay([
        { tcpRouters: [router("HostSNI(`*`)", "db")] },
        service("db", [await startPod(echo("db"))]),
      ]);
      expect(await exchange(relay.port, "hello")).toBe("db:hello");
      await expect
        .poll(() => relay.ends)
        .toMatchObject([{ outcome: "carried", bytesIn: 5, bytesOut: 8, dialAttempts: 1, clientAddress: "127.0.0.1" }]);
    });

    it("hear the server first, also where TLS routes are", async () => {
      const port = await startPod((socket) => socket.end("220 ready"));
      const relay = await startRelay([
        { tcpRouters: [router("HostSNI(`*`)", "smtp"), router("HostSNI(`a.example`)", "smtp", passthrough)] },
        service("smtp", [port]),
      ]);
      expect(await read(await open(relay.port))).toBe("220 ready");
    });

    it("get an answer that comes after they have ended their own side", async () => {
      const port = await startPod((socket) => {
        let request = "";
        socket.on("data", (chunk) => (request += chunk)).on("end", () => socket.end(`answer to ${request}`));
      });
      const relay = await startRelay([{ tcpRouters: [router("HostSNI(`*`)", "db")] }, service("db", [port])]);
      expect(await exchange(relay.port, "question")).toBe("answer to question");
    });

    it("are ended so long after one side has ended, where a delay says so", async () => {
      const port = await startPod((socket) => socket.resume());
      const relay = await startRelay([
        { tcpRouters: [router("HostSNI(`*`)", "db")] },
        service("db", [port], { terminationDelayMs: 20 }),
      ]);
      expect(await exchange(relay.port, "question")).toBe("");
    });

    it("carry any amount at the pace of the slower side", async () => {
      const size = 20_000_000;
      const port = await startPod((socket) => socket.end(Buffer.alloc(size, "x")));
      const relay = await startRelay([{ tcpRouters: [router("HostSNI(`*`)", "db")] }, service("db", [port])]);
      const socket = await open(relay.port);
      let received = 0;
      socket.on("data", (chunk) => {
        received += chunk.length;
        socket.pause();
        setImmediate(() => socket.resume());
      });
      await once(socket, "end");
      expect(received).toBe(size);
    });

    it("learn of an endpoint's reset", async () => {
      const port = await startPod((socket) => socket.once("data", () => socket.resetAndDestroy()));
      const relay = await startRelay([{ tcpRouters: [router("HostSNI(`*`)", "db")] }, service("db", [port])]);
      const socket = await open(relay.port);
      socket.write("x");
      expect(await ending(socket)).toBe("reset");
    });

    it("reset the endpoint's when they are reset", async () => {
      let reset: Promise<"end" | "reset"> | undefined;
      const seen = Promise.withResolvers<void>();
      const port = await startPod((socket) => {
        reset = ending(socket);
        socket.once("data", () => seen.resolve());
      });
      const relay = await startRelay([{ tcpRouters: [router("HostSNI(`*`)", "db")] }, service("db", [port])]);
      const socket = await open(relay.port);
      socket.write("x");
      await seen.promise;
      socket.resetAndDestroy();
      expect(await reset).toBe("reset");
    });

    it("are closed where no route takes them", async () => {
      const relay = await startRelay([
        { tcpRouters: [router("HostSNI(`*`) && ClientIP(`10.0.0.0/8`)", "db")] },
        service("db", [await startPod(echo("db"))]),
      ]);
      expect(await exchange(relay.port, "hello")).toBe("");
      expect(relay.refusals).toEqual(["no-route"]);
    });
  });

  describe("endpoints", () => {
    it("are dialled in turn until one answers, and the client does not notice", async () => {
      const ports = [await freePort(), await startPod(echo("up")), await freePort()];
      const relay = await startRelay([{ tcpRouters: [router("HostSNI(`*`)", "db")] }, service("db", ports)]);
      for (let turn = 0; turn < 6; turn++) expect(await exchange(relay.port, "x")).toBe("up:x");
    });

    it("share by weight; a weight of 0 gets nothing", async () => {
      const parts = await Promise.all(["a", "b", "c"].map(async (name) => service(name, [await startPod(echo(name))])));
      const children = [
        { service: "a", weight: 3 },
        { service: "b", weight: 1 },
        { service: "c", weight: 0 },
      ];
      const relay = await startRelay([
        { tcpRouters: [router("HostSNI(`*`)", "split")], tcpServices: { split: { type: "weighted", children } } },
        ...parts,
      ]);
      const answers: string[] = [];
      for (let turn = 0; turn < 8; turn++) answers.push(await exchange(relay.port, ""));
      expect(answers.sort()).toEqual(["a:", "a:", "a:", "a:", "a:", "a:", "b:", "b:"]);
    });

    it("with the fewest connections come first, where the service says so", async () => {
      const ports = [await startPod(echo("a")), await startPod(echo("b"))];
      const relay = await startRelay([
        { tcpRouters: [router("HostSNI(`*`)", "db")] },
        service("db", ports, { strategy: "leastconn" }),
      ]);
      const connect = async () => {
        const socket = await open(relay.port);
        return { socket, pod: await read(socket, 2) };
      };
      const held = [];
      for (let turn = 0; turn < 6; turn++) held.push(await connect());
      expect(held.map(({ pod }) => pod).sort()).toEqual(["a:", "a:", "a:", "b:", "b:", "b:"]);
      for (const { socket, pod } of held) if (pod === "a:") socket.end();
      await expect.poll(() => relay.ends).toHaveLength(3);
      for (let turn = 0; turn < 3; turn++) expect((await connect()).pod).toBe("a:");
    });

    it("stay the same for a client, where the service says so", async () => {
      const ports = [await startPod(echo("a")), await startPod(echo("b")), await startPod(echo("c"))];
      const relay = await startRelay([
        { tcpRouters: [router("HostSNI(`*`)", "db")] },
        service("db", ports, { strategy: "clientIp" }),
      ]);
      const first = await exchange(relay.port, "");
      for (let turn = 0; turn < 5; turn++) expect(await exchange(relay.port, "")).toBe(first);
    });

    it("that went from the table keep the connections that they have", async () => {
      const old = service("db", [await startPod(echo("old"))]);
      const routes = { tcpRouters: [router("HostSNI(`*`)", "db")] };
      const relay = await startRelay([routes, old]);
      const socket = await open(relay.port);
      expect(await read(socket, 4)).toBe("old:");
      relay.serve(routes, service("db", [await startPod(echo("new"))]));
      socket.end("still");
      expect(await read(socket)).toBe("still");
      expect(await exchange(relay.port, "")).toBe("new:");
    });

    it("that all refuse close the connection", async () => {
      const relay = await startRelay([
        { tcpRouters: [router("HostSNI(`*`)", "db")] },
        service("db", [await freePort(), await freePort()]),
      ]);
      expect(await exchange(relay.port, "x")).toBe("");
      await expect.poll(() => relay.ends).toMatchObject([{ outcome: "no-endpoint", dialAttempts: 2 }]);
    });
  });

  describe("TLS", () => {
    it("that is passed through ends at the Pod that the client names", async () => {
      const parts = [
        service("a", [await startTlsPod(certificates.a, echo("a"))]),
        service("b", [await startTlsPod(certificates.b, echo("b"))]),
      ];
      const relay = await startRelay([
        {
          tcpRouters: [
            router("HostSNI(`a.example`)", "a", passthrough),
            router("HostSNI(`b.example`)", "b", passthrough),
          ],
        },
        ...parts,
      ]);
      for (const name of ["a", "b"] as const) {
        const socket = await openTls(relay.port, {
          servername: `${name}.example`,
          ca: [certificates[name].certificate],
          rejectUnauthorized: true,
          ALPNProtocols: ["echo"],
        });
        expect(await read(socket, 2)).toBe(`${name}:`);
        expect(socket.alpnProtocol).toBe("echo");
      }
    });

    it("that ends here shows the certificate of the name", async () => {
      const relay = await startRelay([
        {
          tcpRouters: [router("HostSNI(`*`)", "db", terminated)],
          certificates: { a: certificates.a, b: { ...certificates.b, isDefault: true } },
        },
        service("db", [await startPod(echo("db"))]),
      ]);
      for (const [servername, certificate] of [
        ["a.example", certificates.a],
        ["x.wild.example", certificates.a],
        ["b.example", certificates.b],
      ] as const) {
        const socket = await openTls(relay.port, {
          servername,
          ca: [certificate.certificate],
          rejectUnauthorized: true,
        });
        socket.write("hello");
        expect(await read(socket, 8)).toBe("db:hello");
      }
      const nameless = await openTls(relay.port, {});
      expect(nameless.getPeerCertificate().subjectaltname).toBe("DNS:b.example");
    });

    it("takes a certificate that came with a later table", async () => {
      const routes = { tcpRouters: [router("HostSNI(`*`)", "db", terminated)] };
      const db = service("db", [await startPod(echo("db"))]);
      const relay = await startRelay([routes, db, { certificates: { one: certificates.a } }]);
      await openTls(relay.port, {
        servername: "a.example",
        ca: [certificates.a.certificate],
        rejectUnauthorized: true,
      });
      const renewed = await certificateFor("a.example");
      relay.serve(routes, db, { certificates: { one: renewed } });
      await openTls(relay.port, { servername: "a.example", ca: [renewed.certificate], rejectUnauthorized: true });
    });

    it.each([
      ["a name that has no certificate, strictly", { sniStrict: true }, "c.example", true],
      ["a name that has none, where there is no default either", {}, "c.example", false],
      ["no name, strictly", { sniStrict: true }, undefined, true],
    ])("is refused for %s", async (_, options, servername, isDefault) => {
      const relay = await startRelay([
        {
          tcpRouters: [router("HostSNI(`*`)", "db", { tls: { passthrough: false, options: "strict" } })],
          certificates: { a: { ...certificates.a, isDefault } },
          tlsOptions: { strict: options },
        },
        service("db", [await startPod(echo("db"))]),
      ]);
      await expect(openTls(relay.port, servername === undefined ? {} : { servername })).rejects.toThrow();
      await expect.poll(() => relay.ends).toMatchObject([{ outcome: "handshake-failed" }]);
    });

    it("asks for a client certificate of its own authorities, and takes no other", async () => {
      const clientAuth = { mode: "requireAndVerify" as const, authorities: [certificates.client.certificate] };
      const relay = await startRelay([
        {
          tcpRouters: [router("HostSNI(`*`)", "db", { tls: { passthrough: false, options: "mutual" } })],
          certificates: { a: certificates.a },
          tlsOptions: { mutual: { clientAuth } },
        },
        service("db", [await startPod(echo("db"))]),
      ]);
      const as = ({ certificate, key }: Certificate) => ({ servername: "a.example", cert: certificate, key });
      const known = await openTls(relay.port, as(certificates.client));
      expect(await read(known, 3)).toBe("db:");
      const strangers = [as(certificates.b), { servername: "a.example" }];
      for (const stranger of strangers) {
        const answer = await openTls(relay.port, stranger).then(
          (socket) => read(socket),
          () => "",
        );
        expect(answer).toBe("");
      }
    });

    it("of a version below the options' is refused", async () => {
      const relay = await startRelay([
        {
          tcpRouters: [router("HostSNI(`*`)", "db", { tls: { passthrough: false, options: "new" } })],
          certificates: { a: certificates.a },
          tlsOptions: { new: { minVersion: "TLSv1.3" } },
        },
        service("db", [await startPod(echo("db"))]),
      ]);
      await expect(openTls(relay.port, { servername: "a.example", maxVersion: "TLSv1.2" })).rejects.toThrow();
      expect((await openTls(relay.port, { servername: "a.example" })).getProtocol()).toBe("TLSv1.3");
    });

    it("never reaches a plain route", async () => {
      const relay = await startRelay([
        { tcpRouters: [router("HostSNI(`*`)", "db"), router("HostSNI(`a.example`)", "db", passthrough)] },
        service("db", [await startPod(echo("db"))]),
      ]);
      await expect(openTls(relay.port, { servername: "b.example" })).rejects.toThrow();
      expect(relay.refusals).toEqual(["no-route"]);
    });

    it("begins after PostgreSQL's question, whoever ends it", async () => {
      const pod = await startPod((socket) =>
        socket.once("data", (first) => {
          expect(first).toEqual(SSL_REQUEST);
          socket.write("S");
          socket.once("data", (hello) => socket.end(`hello ${hello[0]}`));
        }),
      );
      const relay = await startRelay([
        {
          tcpRouters: [
            router("HostSNI(`a.example`)", "db", terminated),
            router("HostSNI(`b.example`)", "own", passthrough),
          ],
          certificates: { a: certificates.a },
        },
        service("db", [await startPod(echo("db"))]),
        service("own", [pod]),
      ]);
      const ask = async () => {
        const socket = await open(relay.port);
        socket.write(SSL_REQUEST);
        expect(await read(socket, 1)).toBe("S");
        return socket;
      };
      const secured = await openTls(relay.port, { socket: await ask(), servername: "a.example" });
      expect(await read(secured, 3)).toBe("db:");
      const raw = await ask();
      raw.write(helloFor("b.example"));
      expect(await read(raw)).toBe("hello 22");
    });

    it("begins after PostgreSQL's question at an endpoint that is spoken to over TLS, too", async () => {
      const secureContext = createSecureContext({ cert: certificates.b.certificate, key: certificates.b.key });
      const pod = await startPod((socket) =>
        socket.once("data", (first) => {
          socket.write(first.equals(SSL_REQUEST) ? "S" : "N");
          echo("db")(new TLSSocket(socket, { isServer: true, secureContext }));
        }),
      );
      const relay = await startRelay([
        { tcpRouters: [router("HostSNI(`a.example`)", "db", terminated)], certificates: { a: certificates.a } },
        service("db", [pod], { tls: true, serversTransport: "t" }),
        { serversTransports: { t: { insecureSkipVerify: true } } },
      ]);
      const socket = await open(relay.port);
      socket.write(SSL_REQUEST);
      expect(await read(socket, 1)).toBe("S");
      const secured = await openTls(relay.port, { socket, servername: "a.example" });
      secured.write("x");
      expect(await read(secured, 4)).toBe("db:x");
    });
  });

  describe("the PROXY protocol", () => {
    const ends = {
      source: { address: "198.51.100.7", port: 4711 },
      destination: { address: "203.0.113.1", port: 5432 },
    };

    it("is spoken to endpoints that want it, before anything else", async () => {
      for (const version of [1, 2] as const) {
        const port = await startPod((socket) =>
          socket.once("data", (first) => socket.end(JSON.stringify(readProxyHeader(first)))),
        );
        const relay = await startRelay([
          { tcpRouters: [router("HostSNI(`*`)", "db")] },
          service("db", [port], { proxyProtocol: version }),
        ]);
        expect(JSON.parse(await exchange(relay.port, "hello"))).toMatchObject({
          state: "header",
          connection: { source: { address: "127.0.0.1" }, destination: { port: relay.port } },
        });
      }
    });

    it("is believed from whom it is told to trust", async () => {
      const routes = { tcpRouters: [router("HostSNI(`*`) && ClientIP(`198.51.100.0/24`)", "db")] };
      const db = service("db", [await startPod(echo("db"))]);
      const trusting = await startRelay([routes, db], { trustsProxy: () => true });
      const header = writeProxyHeader(2, ends).toString("latin1");
      const socket = await open(trusting.port);
      socket.end(Buffer.from(`${header}hello`, "latin1"));
      expect(await read(socket)).toBe("db:hello");
      await expect.poll(() => trusting.ends).toMatchObject([{ clientAddress: "198.51.100.7" }]);
    });

    it("is nothing but data from anyone else", async () => {
      const relay = await startRelay([
        { tcpRouters: [router("HostSNI(`*`)", "db")] },
        service("db", [await startPod(echo("db"))]),
      ]);
      const header = writeProxyHeader(1, ends).toString("latin1");
      expect(await exchange(relay.port, `${header}hello`)).toBe(`db:${header}hello`);
      await expect.poll(() => relay.ends).toMatchObject([{ clientAddress: "127.0.0.1" }]);
    });

    it("is waited for no longer than its sender is there", async () => {
      const relay = await startRelay(
        [
          { tcpRouters: [router("HostSNI(`a.example`)", "db", { tls: { passthrough: true } })] },
          service("db", [await startPod(echo("db"))]),
        ],
        { trustsProxy: () => true, helloTimeoutMs: 600_000 },
      );
      const socket = await open(relay.port);
      socket.end();
      await ending(socket);
      expect(relay.refusals).toEqual(["left"]);
    });

    it("that is malformed closes the connection", async () => {
      const relay = await startRelay(
        [{ tcpRouters: [router("HostSNI(`*`)", "db")] }, service("db", [await startPod(echo("db"))])],
        { trustsProxy: () => true },
      );
      expect(await exchange(relay.port, "PROXY TCP4 nonsense\r\nhello")).toBe("");
      expect(relay.refusals).toEqual(["malformed-proxy-header"]);
    });
  });

  describe("guards", () => {
    it("refuse clients that are not on the list, before an endpoint hears of them", async () => {
      const relay = await startRelay([
        {
          tcpRouters: [router("HostSNI(`*`)", "db", { middlewares: ["lan"] })],
          tcpMiddlewares: { lan: { type: "ipAllowList", sourceRange: ["10.0.0.0/8"] } },
        },
        service("db", [await startPod(() => expect.unreachable())]),
      ]);
      expect(await exchange(relay.port, "x")).toBe("");
      await expect.poll(() => relay.ends).toMatchObject([{ outcome: "refused", refusedBy: "ipAllowList" }]);
    });

    it("count the connections of one client, and forget those that ended", async () => {
      const relay = await startRelay([
        {
          tcpRouters: [router("HostSNI(`*`)", "db", { middlewares: ["few"] })],
          tcpMiddlewares: { few: { type: "inFlightConn", amount: 2 } },
        },
        service("db", [await startPod(echo("db"))]),
      ]);
      const held = [await open(relay.port), await open(relay.port)];
      for (const socket of held) expect(await read(socket, 3)).toBe("db:");
      expect(await exchange(relay.port, "x")).toBe("");
      held[0]?.end();
      await expect.poll(() => relay.ends.length).toBe(2);
      expect(await exchange(relay.port, "x")).toBe("db:x");
    });

    it("that are missing let nobody pass", async () => {
      const relay = await startRelay([
        { tcpRouters: [router("HostSNI(`*`)", "db", { middlewares: ["gone"] })] },
        service("db", [await startPod(echo("db"))]),
      ]);
      expect(await exchange(relay.port, "x")).toBe("");
    });

    it("of a closed route let nobody pass either", async () => {
      const relay = await startRelay([
        { tcpRouters: [router("HostSNI(`*`)", "db", { closedBy: "middleware-invalid" })] },
        service("db", [await startPod(echo("db"))]),
      ]);
      expect(await exchange(relay.port, "x")).toBe("");
      await expect.poll(() => relay.ends).toMatchObject([{ outcome: "closed-route" }]);
    });
  });

  describe("hostile clients", () => {
    const routes = { tcpRouters: [router("HostSNI(`a.example`)", "db", passthrough)] };

    it.each([
      ["garbage", "\x16\x03\x01\x00\x00garbage", "malformed-hello"],
      ["a hello of 64 KiB", `\x16\x03\x01\x40\x00\x01\x01\x00\x00${"x".repeat(1000)}`, "malformed-hello"],
      ["what is not TLS", "GET / HTTP/1.1\r\n\r\n", "no-route"],
      [
        "PostgreSQL's question twice",
        `${SSL_REQUEST.toString("latin1")}${SSL_REQUEST.toString("latin1")}`,
        "malformed-hello",
      ],
      ["PostgreSQL's question and no TLS", `${SSL_REQUEST.toString("latin1")}SELECT 1`, "malformed-hello"],
    ])("that send %s are closed and counted", async (_, bytes, reason) => {
      const relay = await startRelay([routes, service("db", [await startPod(echo("db"))])]);
      const socket = await open(relay.port);
      socket.write(Buffer.from(bytes, "latin1"));
      await ending(socket);
      expect(relay.refusals).toEqual([reason]);
    });

    it("that say nothing, or too slowly, are closed in time", async () => {
      const relay = await startRelay([routes, service("db", [await startPod(echo("db"))])], { helloTimeoutMs: 50 });
      const [silent, slow] = [await open(relay.port), await open(relay.port)];
      slow.write("\x16\x03");
      for (const socket of [silent, slow]) {
        await ending(socket);
      }
      expect(relay.refusals).toEqual(["silent", "silent"]);
    });

    it("that are too many are refused, and the others served", async () => {
      const relay = await startRelay(
        [{ tcpRouters: [router("HostSNI(`*`)", "db")] }, service("db", [await startPod(echo("db"))])],
        { maxConnections: 1 },
      );
      const held = await open(relay.port);
      expect(await read(held, 3)).toBe("db:");
      expect(await exchange(relay.port, "x")).toBe("");
      held.end();
      await expect.poll(() => relay.ends.length).toBe(1);
      expect(await exchange(relay.port, "x")).toBe("db:x");
    });
  });
});
