import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { makeCertificate } from "../../cli/dev/make-certificate.ts";
import { type Dev, type DevOptions, startDev } from "../../cli/dev/start-dev.ts";

interface Answer {
  status: number;
  body: string;
  certificate: string | undefined;
}

async function ask(url: string, host: string, path = "/"): Promise<Answer> {
  const { hostname, port, protocol } = new URL(url);
  const send = protocol === "https:" ? httpsRequest : httpRequest;
  const options = { hostname, port, path, headers: { Host: host }, agent: false as const };
  const request = send({ ...options, ...(protocol === "https:" && { servername: host, rejectUnauthorized: false }) });
  request.end();
  const [response] = await once(request, "response");
  const certificate = protocol === "https:" ? (response.socket as TLSSocket).getPeerX509Certificate() : undefined;
  let body = "";
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body, certificate: certificate?.fingerprint256 };
}

const route = (name: string, match: string, service: string, more = ""): string => `---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: { name: ${name} }
spec:
  routes:
    - match: ${match}
      kind: Rule
      services: [{ name: ${service}, port: 80 }]
${more}`;

let base: string;
let dir: string;
let dev: Dev | undefined;

const write = (file: string, text: string): Promise<void> => writeFile(join(dir, file), text);
const start = async (options: Partial<DevOptions> = {}): Promise<Dev> => {
  dev = await startDev({ dir, anyPort: true, ...options });
  return dev;
};
const codes = (running: Dev): string[] => running.problems().map(({ code }) => code);

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "sluice-dev-"));
  dir = base;
});
afterEach(async () => {
  await dev?.close();
  dev = undefined;
  await rm(base, { recursive: true, force: true });
});

describe("a folder", () => {
  it("is served with stand-ins for all that it lacks, each with a notice", async () => {
    await write("a.yaml", route("app", "Host(`a.test`)", "app"));
    const running = await start();
    const bodies = [await ask(running.url("web"), "a.test"), await ask(running.url("web"), "a.test")];
    expect(new Set(bodies.map(({ body }) => /^Hostname: (app-\S+)$/m.exec(body)?.[1])).size).toBe(2);
    expect(bodies[0]?.body).toMatch(/^Host: a\.test$/m);
    expect((await ask(running.url("web"), "b.test")).status).toBe(404);
    expect(running.problems()).toMatchObject([{ code: "service-not-found", severity: "notice" }]);
  });

  it("is followed edit by edit, and a broken file keeps what it held", async () => {
    await write("a.yaml", route("app", "Host(`a.test`)", "app"));
    const running = await start();
    await write("b.yaml", route("other", "Host(`b.test`)", "other"));
    await running.reload();
    expect((await ask(running.url("web"), "b.test")).body).toMatch(/^Hostname: other-/);
    await write("b.yaml", `${route("other", "Host(`c.test`)", "other")}\n  x: [`);
    await running.reload();
    expect(codes(running)).toContain("yaml-syntax");
    expect((await ask(running.url("web"), "b.test")).status).toBe(200);
    await write("b.yaml", route("other", "Host(`c.test`)", "other"));
    await running.reload();
    expect(codes(running)).not.toContain("yaml-syntax");
    expect((await ask(running.url("web"), "b.test")).status).toBe(404);
    expect((await ask(running.url("web"), "c.test")).status).toBe(200);
  });

  it("shows where a problem is", async () => {
    await write("a.yaml", route("app", "Hots(`a.test`)", "app"));
    const [problem] = (await start()).problems();
    expect(problem).toMatchObject({ code: "rule-syntax", subject: "IngressRoute default/app" });
    expect(problem?.location).toMatchObject({ file: join(dir, "a.yaml"), line: 7, column: 14 });
  });

  it("goes on being served while it is gone", async () => {
    dir = join(base, "manifests");
    await rm(dir, { recursive: true, force: true });
    await rename(await mkdtemp(join(tmpdir(), "sluice-dev-")), dir);
    await write("a.yaml", route("app", "Host(`a.test`)", "app"));
    const running = await start({ watch: true });
    const away = once(running.events, "loaded");
    await rename(dir, join(base, "away"));
    await away;
    expect(codes(running)).toEqual(["file-unreadable"]);
    expect((await ask(running.url("web"), "a.test")).status).toBe(200);
    const back = once(running.events, "loaded");
    await rename(join(base, "away"), dir);
    await back;
    expect(codes(running)).toEqual(["service-not-found"]);
    const edited = once(running.events, "published");
    await write("a.yaml", route("app", "Host(`b.test`)", "app"));
    await edited;
    expect((await ask(running.url("web"), "b.test")).status).toBe(200);
  });

  it("that cannot be read at the start is an error", async () => {
    dir = join(base, "absent");
    await expect(start()).rejects.toThrow(/ENOENT/);
  });

  it("with Pods behind https Services has stand-ins for them too", async () => {
    await write("a.yaml", route("app", "Host(`a.test`)", "app").replace("port: 80", "port: 443"));
    expect((await ask((await start()).url("web"), "a.test")).body).toMatch(/^Hostname: app-/);
  });
});

describe("entry points", () => {
  it("that only manifests know are opened when they are first used", async () => {
    await write("a.yaml", route("app", "Host(`a.test`)", "app"));
    const running = await start();
    expect(running.doors().map(({ name }) => name)).toEqual(["web", "websecure"]);
    await write("a.yaml", route("app", "Host(`a.test`)", "app", "  entryPoints: [admin]\n"));
    await running.reload();
    expect((await ask(running.url("admin"), "a.test")).status).toBe(200);
    expect((await ask(running.url("web"), "a.test")).status).toBe(404);
    expect(codes(running)).toContain("entry-point-not-found");
    await write("a.yaml", route("app", "Host(`a.test`)", "app"));
    await running.reload();
    expect(codes(running)).not.toContain("entry-point-not-found");
  });

  it("become TLS when a route asks for it, and keep plain routes apart", async () => {
    await write("a.yaml", route("plain", "Host(`a.test`)", "plain"));
    const running = await start();
    const before = running.url("web");
    await write("b.yaml", route("secure", "Host(`a.test`)", "secure", "  tls: {}\n"));
    await running.reload();
    expect(running.url("web")).toBe(before);
    expect((await ask(running.url("web"), "a.test")).body).toMatch(/^Hostname: plain-/);
    expect((await ask(running.url("web", { tls: true }), "a.test")).body).toMatch(/^Hostname: secure-/);
    expect((await ask(running.url("websecure", { tls: true }), "a.test")).body).toMatch(/^Hostname: secure-/);
  });

  it("use the certificate that the route names", async () => {
    const { cert, key } = await makeCertificate(["a.test"], Date.now());
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    const secret = `apiVersion: v1\nkind: Secret\nmetadata: { name: crt }\ndata: { tls.crt: ${base64(cert)}, tls.key: ${base64(key)} }\n`;
    await write("a.yaml", secret + route("app", "Host(`a.test`)", "app", "  tls: { secretName: crt }\n"));
    const running = await start();
    const { X509Certificate } = await import("node:crypto");
    const { certificate } = await ask(running.url("websecure", { tls: true }), "a.test");
    expect(certificate).toBe(new X509Certificate(cert).fingerprint256);
  });

  it("are those of a configuration, when there is one", async () => {
    await write("a.yaml", route("app", "Host(`a.test`)", "app", "  entryPoints: [internal, web]\n"));
    const config = join(base, "static.config");
    await writeFile(config, "entryPoints: { internal: { address: ':9000' } }\nping: {}\n");
    const running = await start({ config });
    expect(running.doors().map(({ name }) => name)).toEqual(["internal"]);
    expect((await ask(running.url("internal"), "a.test")).status).toBe(200);
    expect(codes(running).sort()).toEqual(["entry-point-not-found", "platform-decides", "service-not-found"]);
    expect(() => running.url("web")).toThrow(/no entry point web/);
  });

  describe("on a port that is taken", () => {
    const other = createServer();
    let port: number;
    beforeAll(async () => {
      other.listen(0, "127.0.0.1");
      await once(other, "listening");
      const address = other.address();
      port = typeof address === "object" && address !== null ? address.port : 0;
    });
    afterAll(() => other.close());

    it.each(["web", "websecure"])("say so, and how to choose another (%s)", async (name) => {
      const entryPoints = { [name]: { host: "127.0.0.1", port } };
      await expect(start({ entryPoints })).rejects.toThrow(
        `entry point ${name} cannot listen on 127.0.0.1:${port}: another program listens there; choose another port with --entrypoint ${name}=127.0.0.1:PORT`,
      );
    });

    it("say so when it is another entry point's", async () => {
      const place = { host: "127.0.0.1", port: port === 20_001 ? 20_002 : 20_001 };
      await expect(start({ entryPoints: { web: place, other: place } })).rejects.toThrow(/entry point web has it/);
    });
  });
});
