import { dialHandle } from "./dial-handle.ts";
import { HandleConnection, type Reader } from "./handle-connection.ts";
import { shared } from "./shared-memory.ts";
import { type TcpBinding, type TcpHandle, tcpBinding } from "./tcp-binding.ts";

const HOST = "127.0.0.1";
/** For the whole trial, in milliseconds: it takes some ten. */
const TRIAL_MS = 2_000;

let known: Promise<boolean> | undefined;

/**
 * Whether connections can be carried as Node's handles here. They are no part of its documented API, so it is tried once,
 * over the loopback, unless `SLUICE_TCP_HANDLES` is `off`.
 */
export function handlesWork(): Promise<boolean> {
  known ??=
    process.env.SLUICE_TCP_HANDLES === "off" || tcpBinding === undefined ? Promise.resolve(false) : tryAll(tcpBinding);
  return known;
}

async function tryAll(binding: TcpBinding): Promise<boolean> {
  const connections: HandleConnection[] = [];
  const server = new binding.TCP(binding.SERVER);
  let timer: NodeJS.Timeout | undefined;
  try {
    const isLate = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, TRIAL_MS, false);
    });
    return await Promise.race([tryWith(server, connections), isLate]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    for (const connection of connections) connection.destroy();
    server.close();
  }
}

async function tryWith(server: TcpHandle, connections: HandleConnection[]): Promise<boolean> {
  const connect = await listen(server);
  const pair = async (): Promise<[near: HandleConnection, far: HandleConnection]> => {
    const ends = await connect();
    connections.push(...ends);
    return ends;
  };
  return (await carriesBothWays(...(await pair()))) && (await tellsResets(...(await pair())));
}

async function listen(server: TcpHandle): Promise<() => Promise<[HandleConnection, HandleConnection]>> {
  const address: { port?: number } = {};
  const accepted: ((far: HandleConnection) => void)[] = [];
  server.onconnection = (status, client) => {
    if (status === 0) accepted.shift()?.(new HandleConnection(client));
  };
  const isListening = server.bind(HOST, 0) === 0 && server.listen(2) === 0 && server.getsockname(address) === 0;
  if (!isListening || address.port === undefined) throw new Error("there is no loopback");
  const target = { address: HOST, authority: `${HOST}:${address.port}`, isTerminating: false };
  return () =>
    Promise.all([dialHandle(target, TRIAL_MS), new Promise<HandleConnection>((resolve) => accepted.push(resolve))]);
}

/** More than the system's buffers hold, so that a write waits. */
const MOST_BYTES = 64 * 1024 * 1024;
const piece = Uint8Array.from({ length: 64 * 1024 }, (_, index) => index % 256);

async function carriesBothWays(near: HandleConnection, far: HandleConnection): Promise<boolean> {
  const [atNear, atFar] = [new Collector(), new Collector()];
  near.readBy(atNear, shared);
  far.readBy(atFar, shared);
  let sent = 0;
  let isWaiting = false;
  for (; !isWaiting && sent < MOST_BYTES; sent += piece.length) isWaiting = !near.write(piece);
  near.end();
  near.resume();
  far.resume();
  await atFar.whenEnded;
  const hasAll = isWaiting && atFar.isInOrder && atFar.bytes === sent && atFar.bytes === far.bytesRead;
  // The other way is open still, and its end closes both.
  far.write(piece.subarray(0, 1));
  far.end();
  return (
    (await atNear.whenClosed) === "closed" && (await atFar.whenClosed) === "closed" && hasAll && atNear.bytes === 1
  );
}

async function tellsResets(near: HandleConnection, far: HandleConnection): Promise<boolean> {
  const atNear = new Collector();
  near.readBy(atNear, shared);
  near.resume();
  far.reset();
  return (await atNear.whenClosed) === "reset";
}

/** Holds what comes to the order in which it was sent. */
class Collector implements Reader {
  bytes = 0;
  isInOrder = true;
  readonly #end = Promise.withResolvers<void>();
  readonly #close = Promise.withResolvers<"closed" | "reset">();
  readonly whenEnded = this.#end.promise;
  readonly whenClosed = this.#close.promise;

  read(length: number): undefined {
    this.isInOrder &&= shared[0] === this.bytes % 256 && shared[length - 1] === (this.bytes + length - 1) % 256;
    this.bytes += length;
  }

  ended(): void {
    this.#end.resolve();
  }

  drained(): void {}

  closed(isReset: boolean): void {
    this.#end.resolve();
    this.#close.resolve(isReset ? "reset" : "closed");
  }
}
