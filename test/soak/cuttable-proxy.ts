import { once } from "node:events";
import net from "node:net";

/** A TCP proxy that stands between two programs, and can be cut. */
export interface CuttableProxy {
  readonly port: number;
  /** Where connections go from now on. */
  target(port: number): void;
  /** Resets what is open and whatever comes, until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function startCuttableProxy(): Promise<CuttableProxy> {
  const open = new Set<net.Socket>();
  let targetPort = 0;
  let isCut = false;
  const reset = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  const track = (socket: net.Socket): void => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
  };
  const server = net.createServer((client) => {
    track(client);
    if (isCut) return void client.resetAndDestroy();
    const upstream = net.connect(targetPort, "127.0.0.1");
    track(upstream);
    client.pipe(upstream).pipe(client);
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    target(port) {
      targetPort = port;
    },
    cut() {
      isCut = true;
      reset();
    },
    mend() {
      isCut = false;
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      reset();
      await closed;
    },
  };
}
