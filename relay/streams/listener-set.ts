import type { UdpSessionEnd } from "../udp/udp-listener.ts";
import { isSameListener, type WantedListener } from "./wanted-listeners.ts";

/** A listener of either protocol. */
export interface OpenListener {
  readonly address: { address: string; port: number };
  /** Connections or sessions that are open. */
  readonly load: number;
  /** The sessions that are open, of UDP. */
  sessions?: () => Iterable<Readonly<UdpSessionEnd>>;
  /** Lets go of the port at once, so that another may have it. What can go on without the port does. */
  release(): void;
  /** Takes nothing new, once it is resolved. */
  stop(): void | Promise<void>;
  /** Ends what is still open. */
  close(): Promise<void>;
}

export interface ListenerStatus {
  name: string;
  protocol: WantedListener["protocol"];
  /** Where it is wanted. */
  wanted: { host: string; port: number };
  /** Where it listens; undefined while it does not. */
  address: { address: string; port: number } | undefined;
  /** Why it could not listen when it was last tried. */
  reason: string | undefined;
  /** How often it could not listen, since it is wanted. */
  failures: number;
}

/** In milliseconds. */
export interface EndTimes {
  acceptMs: number;
  graceMs: number;
}

export interface ListenerSetOptions {
  /** Rejects with the system's error when it cannot listen. */
  open: (name: string, wanted: WantedListener) => Promise<OpenListener>;
  /** In [0, 1). */
  random: () => number;
  log: (level: "info" | "warn", message: string, fields: object) => void;
  /** The first and the longest pause before listening is tried again, in milliseconds. */
  pauseMs?: { first: number; longest: number };
}

interface Slot {
  name: string;
  /** Undefined: nobody wants it any more. */
  wanted: WantedListener | undefined;
  current: { wanted: WantedListener; listener: OpenListener } | undefined;
  isOpening: boolean;
  failures: number;
  reason: string | undefined;
  retry: NodeJS.Timeout | undefined;
}

const PAUSE_MS = { first: 500, longest: 30_000 };

/**
 * Keeps listeners in step with what is wanted. One that cannot listen is tried again, ever more seldom, and the others
 * run meanwhile; one that is no longer wanted stops accepting, and its connections go on.
 */
export class ListenerSet {
  readonly #options: ListenerSetOptions;
  readonly #slots = new Map<string, Slot>();
  /** Those that gave up their port and still carry something, with their names. */
  readonly #released = new Map<OpenListener, string>();
  #isEnding = false;
  #opening = 0;
  #whenSettled: (() => void)[] = [];

  constructor(options: ListenerSetOptions) {
    this.#options = options;
  }

  follow(wanted: ReadonlyMap<string, WantedListener>): void {
    if (this.#isEnding) return;
    for (const name of wanted.keys()) if (!this.#slots.has(name)) this.#slots.set(name, newSlot(name));
    for (const slot of this.#slots.values()) want(slot, wanted.get(slot.name));
    // First all that go, then all that come: two entry points may have exchanged their ports.
    for (const slot of this.#slots.values()) this.#letGo(slot);
    for (const slot of this.#slots.values()) void this.#tend(slot);
    for (const listener of this.#released.keys()) if (listener.load === 0) this.#released.delete(listener);
  }

  list(): ListenerStatus[] {
    return [...this.#slots.values()].flatMap(({ name, wanted, current, reason, failures }) =>
      wanted === undefined
        ? []
        : [
            {
              name,
              protocol: wanted.protocol,
              wanted: { host: wanted.host, port: wanted.port },
              address: current?.listener.address,
              reason: current === undefined ? reason : undefined,
              failures,
            },
          ],
    );
  }

  *sessions(): Generator<Readonly<UdpSessionEnd>, void> {
    for (const { current } of this.#slots.values()) yield* current?.listener.sessions?.() ?? [];
  }

  /** Resolves when every listener that is wanted listens, or could not. */
  settled(): Promise<void> {
    if (this.#opening === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenSettled.push(resolve));
  }

  /** Ends everything: each listener takes nothing new after its `acceptMs`, and what is open has `graceMs` more. */
  async close(timesOf: (name: string) => EndTimes = () => ({ acceptMs: 0, graceMs: 0 })): Promise<void> {
    this.#isEnding = true;
    for (const slot of this.#slots.values()) clearTimeout(slot.retry);
    await this.settled();
    const current = [...this.#slots.values()].map(({ name, current }) => [current?.listener, name] as const);
    await Promise.all([...current, ...this.#released].map(([listener, name]) => end(listener, timesOf(name))));
    this.#slots.clear();
    this.#released.clear();
  }

  /** Gives up a listener that is not the one wanted. */
  #letGo(slot: Slot): void {
    const { current, wanted, name } = slot;
    if (current === undefined || (wanted !== undefined && isSameListener(current.wanted, wanted))) return;
    slot.current = undefined;
    current.listener.release();
    this.#released.set(current.listener, name);
    this.#options.log("info", "an entry point is no longer listened at", { entryPoint: name, ...current.wanted });
  }

  async #tend(slot: Slot): Promise<void> {
    if (slot.isOpening || slot.retry !== undefined) return;
    slot.isOpening = true;
    this.#opening += 1;
    while (!this.#isEnding && slot.wanted !== undefined && slot.current === undefined) {
      const { wanted } = slot;
      const isOpen = await this.#open(slot, wanted);
      if (!isOpen && slot.wanted === wanted) break;
    }
    slot.isOpening = false;
    this.#opening -= 1;
    if (slot.wanted === undefined) this.#slots.delete(slot.name);
    else if (slot.current === undefined && !this.#isEnding) this.#tryLater(slot);
    if (this.#opening === 0) for (const settle of this.#whenSettled.splice(0)) settle();
  }

  async #open(slot: Slot, wanted: WantedListener): Promise<boolean> {
    const { open, log } = this.#options;
    const place = { entryPoint: slot.name, protocol: wanted.protocol, host: wanted.host };
    try {
      const listener = await open(slot.name, wanted);
      slot.current = { wanted, listener };
      slot.reason = undefined;
      log("info", "listening", { ...place, port: listener.address.port });
      // Meanwhile another place may have been wanted, or nothing more.
      this.#letGo(slot);
      return true;
    } catch (error) {
      slot.failures += 1;
      slot.reason = explain(error);
      log("warn", "an entry point cannot be listened at; it is tried again", {
        ...place,
        port: wanted.port,
        reason: slot.reason,
      });
      return false;
    }
  }

  #tryLater(slot: Slot): void {
    const { random, pauseMs = PAUSE_MS } = this.#options;
    const pause = Math.min(pauseMs.first * 2 ** Math.min(slot.failures - 1, 20), pauseMs.longest);
    slot.retry = setTimeout(
      () => {
        slot.retry = undefined;
        void this.#tend(slot);
      },
      pause * (0.5 + random() / 2),
    );
  }
}

/** What failed at one place says nothing of another. */
function want(slot: Slot, wanted: WantedListener | undefined): void {
  const isSame = slot.wanted !== undefined && wanted !== undefined && isSameListener(slot.wanted, wanted);
  if (!isSame) {
    clearTimeout(slot.retry);
    slot.retry = undefined;
    slot.failures = 0;
  }
  slot.wanted = wanted;
}

const newSlot = (name: string): Slot => ({
  name,
  wanted: undefined,
  current: undefined,
  isOpening: false,
  failures: 0,
  reason: undefined,
  retry: undefined,
});

/** How often it is looked whether the last connection has ended. */
const LOOK_MS = 50;

async function end(listener: OpenListener | undefined, { acceptMs, graceMs }: EndTimes): Promise<void> {
  if (listener === undefined) return;
  if (acceptMs > 0) await sleep(acceptMs);
  await listener.stop();
  const until = performance.now() + graceMs;
  for (let left = graceMs; left > 0 && listener.load > 0; left = until - performance.now()) {
    await sleep(Math.min(LOOK_MS, left));
  }
  await listener.close();
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EACCES: "only the system may listen there: ports below 1024 need a permission",
  EADDRNOTAVAIL: "this machine does not have that address",
};

function explain(error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return REASONS[code] === undefined ? message : `${REASONS[code]} (${code})`;
}
