import type { Socket } from "node:net";

/** What the first bytes of a connection said, or why there is nothing to go by. */
export type Peeked<T> = { outcome: "read"; value: T } | { outcome: "silent" | "ended" };

/**
 * Reads the first bytes of a connection until `read` has seen enough, and puts them back but for those that it took.
 *
 * @param read gets all bytes so far; undefined asks for more. `take` bytes of them are not put back.
 * @param timeoutMs how long to wait in all; then it is `silent`, and what came stays to be read
 */
export function peek<T>(
  socket: Socket,
  timeoutMs: number,
  read: (bytes: Buffer) => { value: T; take: number } | undefined,
): Promise<Peeked<T>> {
  // No event would tell it again.
  if (socket.readableEnded) return Promise.resolve({ outcome: "ended" });
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const finish = (peeked: Peeked<T>, taken = 0): void => {
      clearTimeout(timer);
      socket.off("readable", more);
      socket.off("end", ended);
      socket.off("close", ended);
      const rest = bytes.subarray(taken);
      if (rest.length > 0) socket.unshift(rest);
      resolve(peeked);
    };
    const more = (): void => {
      for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
        bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      }
      if (bytes.length === 0) return;
      const found = read(bytes);
      if (found !== undefined) finish({ outcome: "read", value: found.value }, found.take);
    };
    const ended = (): void => finish({ outcome: "ended" });
    const timer = setTimeout(() => finish({ outcome: "silent" }), timeoutMs);
    socket.on("readable", more);
    socket.once("end", ended);
    socket.once("close", ended);
  });
}
