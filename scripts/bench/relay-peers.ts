import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A proxy that is not ours, for comparison. */
export interface Peer {
  pid: number;
  /** Where it listens. */
  port: number;
  close(): Promise<void>;
}

/** Starts HAProxy with one thread, whose connections all go to a port of the loopback. */
export const startHaproxy = (to: number): Promise<Peer> =>
  startPeer("haproxy", "haproxy", (folder, port) => ({
    args: ["-db", "-f", join(folder, "config")],
    config: `
global
  nbthread 1
  maxconn 4000
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen all
  bind 127.0.0.1:${port}
  server one 127.0.0.1:${to}
`,
  }));

/**
 * Starts nginx with one process, whose datagrams all go to a port of the loopback. Its TCP listener, which answers
 * at once, tells that it has started.
 */
export const startNginx = (to: number): Promise<Peer> =>
  startPeer("nginx", "libnginx-mod-stream", (folder, port) => ({
    args: ["-e", join(folder, "errors"), "-p", folder, "-c", join(folder, "config")],
    config: `
load_module ${STREAM_MODULE};
daemon off;
master_process off;
pid ${join(folder, "pid")};
error_log ${join(folder, "errors")} error;
events { worker_connections 4096; }
stream {
  server { listen 127.0.0.1:${port}; return ready; }
  server { listen 127.0.0.1:${port} udp rcvbuf=4m; proxy_pass 127.0.0.1:${to}; }
}
`,
  }));

const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

async function startPeer(
  program: string,
  debianPackage: string,
  describe: (folder: string, port: number) => { args: string[]; config: string },
): Promise<Peer> {
  const path = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
    .map((folder) => join(folder, program))
    .find((candidate) => existsSync(candidate));
  if (path === undefined || (program === "nginx" && !existsSync(STREAM_MODULE))) {
    throw new Error(`this suite compares with ${program}, of Debian's package ${debianPackage}`);
  }
  const folder = await mkdtemp(join(tmpdir(), `sluice-bench-${program}-`));
  const port = await freePort();
  const { args, config } = describe(folder, port);
  await writeFile(join(folder, "config"), config);
  const child = spawn(path, args, { stdio: ["ignore", "inherit", "inherit"] });
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
    await rm(folder, { recursive: true });
  };
  try {
    await once(child, "spawn");
    await canConnect(port, child);
    if (child.pid === undefined) throw new Error(`${program} has no process`);
    return { pid: child.pid, port, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function canConnect(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    const socket = connect({ port, host: "127.0.0.1" });
    const connected = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
