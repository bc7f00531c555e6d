/** A socket, or what stands for one. */
interface Lasting {
  setKeepAlive(isOn: boolean, delayMs: number): unknown;
  once(event: "close", listener: (this: Lasting) => void): unknown;
}

/** Probes of a connection over which nothing comes, in milliseconds: a peer that vanished is found out. */
const KEEP_ALIVE_MS = 15_000;
/** How often it is looked for connections that have come to last. */
const SWEEP_MS = 10_000;

const young = new Set<Lasting>();
let sweep: NodeJS.Timeout | undefined;

/** Has a connection probed once it has been open for some seconds: most are not, and saying so takes four system calls. */
export function keepAliveLater(socket: Lasting): void {
  young.add(socket);
  socket.once("close", forget);
  if (sweep === undefined) sweep = setTimeout(keepThoseAlive, SWEEP_MS).unref();
}

function keepThoseAlive(): void {
  sweep = undefined;
  for (const socket of young) socket.setKeepAlive(true, KEEP_ALIVE_MS);
  young.clear();
}

function forget(this: Lasting): void {
  young.delete(this);
}
