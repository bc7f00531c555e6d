import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { streamDatagrams } from "./datagram-stream.ts";
import type { ConnectedDatagrams } from "./datagrams.ts";
import { SendWrap, udpHandleOf } from "./udp-handle.ts";
import { useDatagrams } from "./use-datagrams.ts";

const HOST = "127.0.0.1";
/** For the whole trial, in milliseconds: it takes some ten. */
const TRIAL_MS = 2_000;

let known: Promise<boolean> | undefined;

/**
 * Whether datagrams can be carried by Node's handles here. They are no part of its documented API, so it is tried once,
 * over the loopback, unless `SLUICE_UDP_HANDLES` is `off`.
 */
export function datagramHandlesWork(): Promise<boolean> {
  known ??= process.env.SLUICE_UDP_HANDLES === "off" || SendWrap === undefined ? Promise.resolve(false) : tryAll();
  return known;
}

async function tryAll(): Promise<boolean> {
  const trial = new Trial();
  let timer: NodeJS.Timeout | undefined;
  try {
    const isLate = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, TRIAL_MS, false);
    });
    return await Promise.race([tryWith(trial), isLate]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    trial.end();
  }
}

/** There and back; again after an error; and again by another socket, which has the first one's descriptor or not. */
async function tryWith(trial: Trial): Promise<boolean> {
  const echo = await trial.echo(0);
  const { port } = echo.address();
  const first = await trial.connect(port);
  if (!(await isCarried(first))) return false;
  echo.close();
  await once(echo, "close");
  first.datagrams.send(Buffer.from("nobody listens"));
  await turn();
  await trial.echo(port);
  if (!(await isCarried(first))) return false;
  first.datagrams.close();
  await once(first.socket, "close");
  return isCarried(await trial.connect(port));
}

interface Connected {
  socket: Socket;
  datagrams: ConnectedDatagrams;
  take: (datagram: Buffer) => void;
}

/** Whether datagrams of some lengths come back as they were. */
async function isCarried(connected: Connected): Promise<boolean> {
  for (const length of [1, 0, 65_000]) {
    const sent = Buffer.from(Uint8Array.from({ length }, (_, at) => at % 251));
    const back = new Promise<Buffer>((resolve) => {
      connected.take = (datagram) => resolve(Buffer.from(datagram));
    });
    if (!connected.datagrams.send(sent) || !sent.equals(await back)) return false;
  }
  return true;
}

class Trial {
  readonly #open = new Map<Socket, { close(): void }>();

  /** What comes to it goes back. */
  async echo(port: number): Promise<Socket> {
    const socket = await this.#bind(port);
    const send = useDatagrams(socket, (datagram, from) => send(datagram, from), true);
    return socket;
  }

  async connect(port: number): Promise<Connected> {
    const socket = await this.#bind(0);
    socket.connect(port, HOST);
    await once(socket, "connect");
    const handle = udpHandleOf(socket);
    const datagrams = handle && streamDatagrams(socket, handle, (datagram) => connected.take(datagram));
    if (datagrams === undefined) throw new Error("the handles are not what is known of them");
    const connected: Connected = { socket, datagrams, take() {} };
    this.#open.set(socket, datagrams);
    return connected;
  }

  end(): void {
    for (const open of this.#open.values()) open.close();
  }

  async #bind(port: number): Promise<Socket> {
    const socket = createSocket("udp4");
    this.#open.set(socket, socket);
    socket.once("close", () => this.#open.delete(socket));
    socket.bind(port, HOST);
    await once(socket, "listening");
    return socket;
  }
}
