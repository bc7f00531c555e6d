import type { Socket } from "node:dgram";
import { isMainThread } from "node:worker_threads";
import type { DatagramPeer } from "./datagrams.ts";

/**
 * Node's UDP handles, on which `dgram.Socket` stands, as lib/dgram.js of Node 24 uses them. They are no part of its
 * documented API, and one that is used wrongly ends the process: whoever uses them asks `datagramHandlesWork` first.
 */

/** What a handle is given for each send, and keeps when that has to wait. */
export interface Sending {
  kept?: readonly Uint8Array[];
}

export interface UdpHandle {
  /** `length` below 0 is an error's number. */
  onmessage: (length: number, handle: unknown, datagram: Buffer, from: DatagramPeer) => void;
  /** @returns a number below 0 for an error, 0 for a datagram that waits, and else its length and 1 */
  send(
    sending: Sending,
    list: readonly Uint8Array[],
    count: 1,
    port: number,
    address: string,
    isWatched: false,
  ): number;
  getSendQueueSize(): number;
  recvStop(): number;
  recvStart(): number;
  /** The descriptor of the socket. */
  readonly fd: number;
}

const KNOWN_VERSION = /^24\./;

/** Undefined where handles are not known, and beside other threads, whose ends would close what is not theirs. */
export const SendWrap: (new () => Sending) | undefined =
  isMainThread && KNOWN_VERSION.test(process.versions.node) ? findSendWrap() : undefined;

function findSendWrap(): (new () => Sending) | undefined {
  try {
    const { binding } = process as unknown as { binding?: (name: string) => { SendWrap?: new () => Sending } };
    return binding?.("udp_wrap").SendWrap;
  } catch {
    return undefined;
  }
}

const METHODS = ["onmessage", "send", "getSendQueueSize", "recvStop", "recvStart"] as const;

/** The handle of a socket that is bound, where such handles are known. */
export function udpHandleOf(socket: Socket): UdpHandle | undefined {
  if (SendWrap === undefined) return undefined;
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "state symbol");
  const { handle } = (key && (socket as unknown as Record<symbol, { handle?: Partial<UdpHandle> }>)[key]) ?? {};
  const isKnown = typeof handle?.fd === "number" && METHODS.every((name) => typeof handle[name] === "function");
  return isKnown ? (handle as UdpHandle) : undefined;
}
