import { connect, isIP, type Socket } from "node:net";
import { lookupName } from "../names/lookup-name.ts";
import type { Target } from "../origin-gateway/target.ts";
import { connectDirectly } from "./direct-read.ts";
import { keepAliveLater } from "./keep-alive.ts";

/** A target that cannot be connected to. `code` is the system's, or `ETIMEDOUT`. */
export class DialError extends Error {
  readonly code: string;

  constructor(target: Target, code: string, cause?: unknown) {
    super(`${target.authority}: ${code}`, { cause });
    this.code = code;
  }
}

/**
 * Connects to a target.
 *
 * @param timeoutMs 0: no limit
 * @param isDirect whether it is for `splice` and nobody else to be read
 * @returns a connection that is paused
 * @throws DialError
 */
export function dial(target: Target, timeoutMs: number, isDirect = false): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = (isDirect ? connectDirectly : connect)({
      host: target.address,
      port: portOf(target),
      allowHalfOpen: true,
      noDelay: true,
      lookup: lookupName,
      autoSelectFamily: isIP(target.address) === 0,
    });
    const timer = timeoutMs > 0 ? setTimeout(() => fail("ETIMEDOUT"), timeoutMs) : undefined;
    const fail = (code: string, cause?: unknown): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new DialError(target, code, cause));
    };
    // It stays after the connection is made: until that is spliced nobody else listens, and an error without a listener
    // would end the process.
    socket.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? "unknown", error));
    socket.once("connect", () => {
      clearTimeout(timer);
      keepAliveLater(socket);
      resolve(socket);
    });
  });
}

export const portOf = ({ authority }: Target): number => Number(authority.slice(authority.lastIndexOf(":") + 1));
