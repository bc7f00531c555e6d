import { answerParent } from "./child.ts";
import { encodeRequest, RequestConnection } from "./request-connection.ts";
import type { RequestTarget } from "./route-table.ts";

/** What a process of its own sends: so many requests over kept connections, one at a time on each. */
export interface LoadOrder {
  port: number;
  targets: readonly RequestTarget[];
  connections: number;
  requests: number;
  /** Where in the targets to begin, so that rounds go on where the last one ended. */
  first: number;
}

/** Kept from one round to the next: opening them is not what is measured. */
const kept = new Map<number, { open: RequestConnection[]; usedAt: number }>();

/** Milliseconds for which a connection may be idle; workerd closes it after five seconds. */
const MAX_IDLE = 2_500;

async function run({ port, targets, connections, requests, first }: LoadOrder): Promise<{ seconds: number }> {
  const open = await connect(port, connections);
  const encoded = targets.map(encodeRequest);
  const began = performance.now();
  let sent = 0;
  const keepSending = async (connection: RequestConnection): Promise<void> => {
    while (sent < requests) {
      // A stride that shares no factor with the number of targets: neighbours are of other hosts, and all come in turn.
      const request = encoded[((first + sent++) * STRIDE) % encoded.length];
      if (request === undefined) throw new Error("no targets");
      const head = await connection.send(request);
      if (!head.startsWith("HTTP/1.1 200 ")) throw new Error(head);
    }
  };
  await Promise.all(open.map(keepSending));
  kept.set(port, { open, usedAt: performance.now() });
  return { seconds: (performance.now() - began) / 1000 };
}

async function connect(port: number, connections: number): Promise<RequestConnection[]> {
  const last = kept.get(port);
  if (last !== undefined && performance.now() - last.usedAt < MAX_IDLE) return last.open;
  for (const connection of last?.open ?? []) connection.close();
  return Promise.all(Array.from({ length: connections }, () => RequestConnection.open(port)));
}

const STRIDE = 7919;

answerParent({ run });
