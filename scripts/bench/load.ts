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
const kept = new Map<number, RequestConnection[]>();

async function run({ port, targets, connections, requests, first }: LoadOrder): Promise<{ seconds: number }> {
  const open = kept.get(port) ?? (await openAll(port, connections));
  kept.set(port, open);
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
  return { seconds: (performance.now() - began) / 1000 };
}

const openAll = (port: number, connections: number): Promise<RequestConnection[]> =>
  Promise.all(Array.from({ length: connections }, () => RequestConnection.open(port)));

const STRIDE = 7919;

answerParent({ run });
