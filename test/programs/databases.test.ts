import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CertificatePair } from "../../cli/dev/make-certificate.ts";
import type { Running } from "../e2e/run-manifests.ts";
import { backedBy, tcpRoute, tlsSecret } from "./manifests.ts";
import type { Program } from "./program.ts";
import { runEntryPoints } from "./run-entry-points.ts";
import { certificateFor, mariadb, psql, redis, startMariaDb, startPostgres, startRedis } from "./servers.ts";

const programs: Program[] = [];
let dir: string;
let relay: Running;
let certificates: { passed: CertificatePair; ended: CertificatePair; cache: CertificatePair };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-databases-"));
  const [passed, ended, cache] = await Promise.all(
    [["own.pg.example.com"], ["relay.pg.example.com"], ["a.cache.example.com"]].map((names) =>
      certificateFor(...names),
    ),
  );
  if (!passed || !ended || !cache) throw new Error("a certificate is missing");
  certificates = { passed, ended, cache };
  const [postgres, mysql, redisA, redisB] = await Promise.all([
    startPostgres(passed),
    startMariaDb(),
    startRedis("a"),
    startRedis("b", await certificateFor("b.cache.example.com")),
  ]);
  programs.push(postgres, mysql, redisA, redisB);
  relay = await runEntryPoints(
    {
      postgres: '{ address: ":5432" }',
      mysql: '{ address: ":3306" }',
      mixed: '{ address: ":3307" }',
      redis: '{ address: ":6379" }',
    },
    [
      backedBy("postgres", postgres.port),
      tcpRoute("pg-own", {
        entryPoint: "postgres",
        match: "HostSNI(`own.pg.example.com`)",
        service: "postgres",
        port: postgres.port,
        tls: "passthrough: true",
      }),
      tcpRoute("pg-relay", {
        entryPoint: "postgres",
        match: "HostSNI(`relay.pg.example.com`)",
        service: "postgres",
        port: postgres.port,
        tls: "secretName: pg",
      }),
      tlsSecret("pg", ended),
      backedBy("mysql", mysql.port),
      tcpRoute("mysql", { entryPoint: "mysql", service: "mysql", port: mysql.port }),
      tcpRoute("mysql-mixed", { entryPoint: "mixed", service: "mysql", port: mysql.port }),
      tcpRoute("pg-mixed", {
        entryPoint: "mixed",
        match: "HostSNI(`own.pg.example.com`)",
        service: "postgres",
        port: postgres.port,
        tls: "passthrough: true",
      }),
      backedBy("redis-a", redisA.port),
      backedBy("redis-b", redisB.port),
      tcpRoute("redis-a", {
        entryPoint: "redis",
        match: "HostSNI(`a.cache.example.com`)",
        service: "redis-a",
        port: redisA.port,
        tls: "secretName: cache",
      }),
      tcpRoute("redis-b", {
        entryPoint: "redis",
        match: "HostSNI(`b.cache.example.com`)",
        service: "redis-b",
        port: redisB.port,
        tls: "passthrough: true",
      }),
      tlsSecret("cache", cache),
    ].join(""),
  );
  expect(relay.problems()).toEqual([]);
});
afterAll(async () => {
  await relay?.close();
  await Promise.all(programs.map((program) => program.stop()));
  await rm(dir, { recursive: true });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, text);
  return path;
}

const isEncrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";

describe("PostgreSQL, which asks for TLS in its own words", () => {
  const ask = (connection: string, query: string) =>
    psql(`hostaddr=127.0.0.1 port=${relay.port("postgres")} ${connection}`, query);

  it("ends TLS itself behind a route that passes it through", async () => {
    const root = await file("own.pem", certificates.passed.cert);
    const answer = await ask(`host=own.pg.example.com sslmode=verify-full sslrootcert=${root}`, isEncrypted);
    expect(answer).toEqual({ code: 0, stdout: "t\n", stderr: "" });
  });

  it("is spoken to in plain text behind a route that ends TLS", async () => {
    const root = await file("relay.pem", certificates.ended.cert);
    const answer = await ask(`host=relay.pg.example.com sslmode=verify-full sslrootcert=${root}`, isEncrypted);
    expect(answer).toEqual({ code: 0, stdout: "f\n", stderr: "" });
  });

  it("carries results of any size, and what a client sends", async () => {
    const { stdout } = await ask(
      "host=relay.pg.example.com sslmode=require",
      "select md5(string_agg(i::text || repeat('x', 1000), '')) from generate_series(1, 2000) i",
    );
    const { stdout: large } = await ask(
      "host=relay.pg.example.com sslmode=require",
      "select i::text || repeat('x', 1000) from generate_series(1, 2000) i",
    );
    const { createHash } = await import("node:crypto");
    expect(createHash("md5").update(large.replaceAll("\n", "")).digest("hex")).toBe(stdout.trim());
  });

  it("refuses a name that has no route, and a connection without TLS", async () => {
    expect((await ask("host=other.example.com sslmode=require", "select 1")).code).toBe(2);
    expect((await ask("host=own.pg.example.com sslmode=disable", "select 1")).code).toBe(2);
  });
});

describe("MariaDB, which speaks first", () => {
  it("greets at once where an entry point has plain routes alone", async () => {
    expect(await mariadb(relay.port("mysql"), "select 'hello'")).toEqual({ code: 0, stdout: "hello\n", stderr: "" });
  });

  it("greets after a moment where an entry point has TLS routes besides", async () => {
    expect(await mariadb(relay.port("mixed"), "select 'hello'")).toEqual({ code: 0, stdout: "hello\n", stderr: "" });
  });
});

describe("Redis over TLS, two names on one port", () => {
  const ask = (name: string) => redis(relay.port("redis"), ["get", "name"], "--tls", "--insecure", "--sni", name);

  it.each([
    ["whose TLS the relay ends", "a"],
    ["whose TLS is passed through", "b"],
  ])("reaches the one %s", async (_, name) => {
    expect((await ask(`${name}.cache.example.com`)).stdout).toBe(`${name}\n`);
  });

  it("refuses another name", async () => {
    expect((await ask("c.cache.example.com")).code).not.toBe(0);
  });
});
