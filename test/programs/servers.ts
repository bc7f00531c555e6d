import { execFile } from "node:child_process";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type CertificatePair, makeCertificate } from "../../cli/dev/make-certificate.ts";
import { findProgram, freePort, type Program, run, startProgram } from "./program.ts";

const execute = promisify(execFile);
const isRoot = process.getuid?.() === 0;

async function folder(): Promise<{ dir: string; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-program-"));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

const withFolder = (program: Program, remove: () => Promise<void>): Program => ({
  ...program,
  async stop() {
    await program.stop();
    await remove();
  },
});

/** PostgreSQL, whose user `sluice` needs no password; with a certificate it takes TLS as well. */
export async function startPostgres(certificate?: CertificatePair): Promise<Program> {
  const server = await findProgram("/usr/lib/postgresql/*/bin/postgres", "postgres");
  const { dir, remove } = await folder();
  const data = join(dir, "data");
  // It refuses to be root.
  const user = isRoot ? await idsOf("postgres") : undefined;
  const own = async (file: string): Promise<void> => user && chown(file, user.uid, user.gid);
  await own(dir);
  await execute(join(dirname(server), "initdb"), ["-D", data, "-U", "sluice", "-A", "trust", "--no-sync"], {
    ...user,
    cwd: dir,
  });
  const port = await freePort();
  const tls: string[] = [];
  if (certificate !== undefined) {
    for (const [name, text] of [
      ["server.crt", certificate.cert],
      ["server.key", certificate.key],
    ] as const) {
      const file = join(data, name);
      await writeFile(file, text, { mode: 0o600 });
      await own(file);
    }
    tls.push("-c", "ssl=on");
  }
  const settings = ["listen_addresses=127.0.0.1", `unix_socket_directories=${dir}`, "fsync=off"];
  const program = await startProgram(
    server,
    ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting]), ...tls],
    {
      ...user,
      cwd: dir,
      port,
      isReady: async () => (await psql(`port=${port}`, "select 1")).code === 0,
      signal: "SIGINT",
    },
  );
  return withFolder(program, remove);
}

/** Asks a PostgreSQL on the loopback; `connection` adds to libpq's connection string. */
export const psql = (connection: string, query: string) =>
  run("psql", ["-X", "-q", "-A", "-t", "-c", query, `host=127.0.0.1 user=sluice dbname=postgres ${connection}`]);

/** MariaDB, which speaks first; root needs no password. */
export async function startMariaDb(): Promise<Program> {
  const server = await findProgram("mariadbd");
  const { dir, remove } = await folder();
  const data = join(dir, "data");
  const user = isRoot ? ["--user=root"] : [];
  await execute(await findProgram("mariadb-install-db"), [
    "--no-defaults",
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    `--datadir=${data}`,
    ...user,
  ]);
  const port = await freePort();
  const program = await startProgram(
    server,
    [
      "--no-defaults",
      ...user,
      `--datadir=${data}`,
      `--socket=${join(dir, "socket")}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      "--skip-name-resolve",
    ],
    { port, isReady: async () => (await mariadb(port, "select 1")).code === 0 },
  );
  return withFolder(program, remove);
}

/** Asks a MariaDB on the loopback. */
export const mariadb = (port: number, query: string, ...options: string[]) =>
  run("mariadb", [
    "--no-defaults",
    "--protocol=tcp",
    "--host=127.0.0.1",
    `--port=${port}`,
    "--user=root",
    "--batch",
    "--skip-column-names",
    "--connect-timeout=5",
    ...options,
    "-e",
    query,
  ]);

/** Redis, over TLS when it is given a certificate; it holds `name`, by which one is told from another. */
export async function startRedis(name: string, certificate?: CertificatePair): Promise<Program> {
  const { dir, remove } = await folder();
  const port = await freePort();
  const files = { cert: join(dir, "cert.pem"), key: join(dir, "key.pem") };
  const tls = certificate === undefined ? [] : ["--tls-cert-file", files.cert, "--tls-key-file", files.key];
  if (certificate !== undefined) {
    await writeFile(files.cert, certificate.cert);
    await writeFile(files.key, certificate.key, { mode: 0o600 });
    tls.push("--tls-port", String(port), "--port", "0", "--tls-auth-clients", "no");
  } else tls.push("--port", String(port));
  const program = await startProgram(
    await findProgram("redis-server"),
    ["--bind", "127.0.0.1", "--save", "", "--dir", dir, ...tls],
    {
      port,
      isReady: async () => {
        const flags = certificate === undefined ? [] : ["--tls", "--insecure"];
        const { stdout } = await redis(port, ["set", "name", name], ...flags);
        return stdout.trim() === "OK";
      },
    },
  );
  return withFolder(program, remove);
}

/** Asks a Redis on the loopback. */
export const redis = (port: number, command: readonly string[], ...options: string[]) =>
  run("redis-cli", ["-h", "127.0.0.1", "-p", String(port), ...options, ...command]);

/** A DNS server over UDP and TCP that knows these names and no others. */
export async function startDnsmasq(addresses: Readonly<Record<string, string>>): Promise<Program> {
  const port = await freePort();
  const known = Object.entries(addresses).map(([name, address]) => `--address=/${name}/${address}`);
  return startProgram(
    await findProgram("dnsmasq"),
    [
      "--keep-in-foreground",
      "--conf-file=/dev/null",
      "--no-resolv",
      "--no-hosts",
      "--pid-file",
      "--bind-interfaces",
      "--listen-address=127.0.0.1",
      `--port=${port}`,
      ...(isRoot ? ["--user=root"] : []),
      ...known,
    ],
    { port, isReady: async () => (await dig(port, Object.keys(addresses)[0] ?? ".")).code === 0 },
  );
}

/** Asks a DNS server on the loopback once. */
export const dig = (port: number, name: string, ...options: string[]) =>
  run("dig", ["@127.0.0.1", "-p", String(port), "+short", "+tries=1", "+time=2", ...options, name]);

/** HAProxy with one frontend on `port`; `lines` are what stands in it. */
export async function startHaproxy(lines: readonly string[]): Promise<Program> {
  const { dir, remove } = await folder();
  const port = await freePort();
  const file = join(dir, "haproxy.cfg");
  await writeFile(
    file,
    [
      "global",
      "  maxconn 100",
      "defaults",
      "  mode tcp",
      "  timeout connect 5s",
      "  timeout client 30s",
      "  timeout server 30s",
      "listen test",
      ...lines.map((line) => `  ${line.replaceAll("$PORT", String(port))}`),
      "",
    ].join("\n"),
  );
  const server = await findProgram("haproxy");
  await execute(server, ["-c", "-f", file]);
  const program = await startProgram(server, ["-db", "-f", file], { port, isReady: async () => listens(port) });
  return withFolder(program, remove);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

async function idsOf(user: string): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await execute("id", [flag, user])).stdout)),
  );
  if (uid === undefined || gid === undefined) throw new Error(`there is no user ${user}`);
  return { uid, gid };
}

export const certificateFor = (...hosts: string[]): Promise<CertificatePair> => makeCertificate(hosts, Date.now());
