import http from "node:http";
import { type PodAnswer, REQUEST_ID, WORK_HEADER } from "./pod.ts";

/** A request that did not end as it should. */
export interface Failure {
  /** Milliseconds since the load began, when the request was sent. */
  sentMs: number;
  endedMs: number;
  /** A status with its text, an error's code, or what was wrong with the answer. */
  kind: string;
  /** What was asked: method, connection, stickiness. */
  request: string;
}

export interface LoadOptions {
  port: number;
  host: string;
  /** How many to send, and how many in a second. */
  requests: number;
  perSecond: number;
}

export interface LoadResult {
  sent: number;
  failures: readonly Failure[];
  /** Of each request that was answered well, in milliseconds, sorted; those that the Pod took its time for are left out. */
  latenciesMs: readonly number[];
  seconds: number;
  sentBy: Readonly<Record<string, number>>;
}

const UPLOAD_BYTES = 64 * 1024;
const UPLOAD_PIECES = 4;
const PIECE_PAUSE_MS = 4;
const TICK_MS = 5;
const GIVE_UP_MS = 15_000;
const STICKY_CLIENTS = 100;
const SLOW_MS = 1_500;

interface Plan {
  id: number;
  isUpload: boolean;
  isFresh: boolean;
  isSlow: boolean;
  client: number | undefined;
}

/** The mix: 30 % streamed uploads, half on fresh connections, a third sticky, 2 % answered slowly; each with each. */
const planOf = (id: number): Plan => ({
  id,
  isUpload: (id * 7) % 10 < 3,
  isFresh: Math.floor(id / 10) % 2 === 0,
  isSlow: id % 53 === 0,
  client: id % 3 === 0 ? Math.floor(id / 3) % STICKY_CLIENTS : undefined,
});

const describe = ({ isUpload, isFresh, isSlow, client }: Plan): string =>
  [
    isUpload ? "streamed POST" : "GET",
    isFresh ? "fresh" : "kept alive",
    ...(client === undefined ? [] : ["sticky"]),
    ...(isSlow ? ["slow"] : []),
  ].join(", ");

/** Sends at an even rate, whether answers come or not, and never a request twice. */
export async function runSoakLoad({ port, host, requests, perSecond }: LoadOptions): Promise<LoadResult> {
  // First in, first out: no connection is idle for so long that the server closes it under a request.
  const keptAlive = new http.Agent({ keepAlive: true, scheduling: "fifo" });
  const cookies = new Map<number, string>();
  const failures: Failure[] = [];
  const latenciesMs: number[] = [];
  const sentBy: Record<string, number> = {};
  const piece = Buffer.alloc(UPLOAD_BYTES / UPLOAD_PIECES, "u");
  const began = performance.now();
  const elapsed = (): number => performance.now() - began;

  const send = (plan: Plan): Promise<void> =>
    new Promise((resolve) => {
      const { id, isUpload, isFresh, isSlow, client } = plan;
      const sentMs = elapsed();
      let isSettled = false;
      const settle = (kind?: string): void => {
        if (isSettled) return;
        isSettled = true;
        const endedMs = elapsed();
        if (kind !== undefined) failures.push({ sentMs, endedMs, kind, request: describe(plan) });
        else if (!isSlow) latenciesMs.push(endedMs - sentMs);
        resolve();
      };
      const cookie = client === undefined ? undefined : cookies.get(client);
      const request = http.request(
        {
          host: "127.0.0.1",
          port,
          method: isUpload ? "POST" : "GET",
          path: `/work/${id}`,
          agent: isFresh ? false : keptAlive,
          headers: {
            Host: host,
            [REQUEST_ID]: String(id),
            ...(isSlow && { [WORK_HEADER]: String(SLOW_MS) }),
            ...(cookie !== undefined && { Cookie: cookie }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", (error) => settle(`cut answer: ${error.message}`));
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            const { statusCode = 0, headers } = response;
            const [setCookie] = headers["set-cookie"] ?? [];
            if (client !== undefined && setCookie !== undefined) cookies.set(client, setCookie.split(";")[0] ?? "");
            if (statusCode < 200 || statusCode > 299) return settle(`${statusCode}: ${text.slice(0, 80).trim()}`);
            settle(judge(text, isUpload ? UPLOAD_BYTES : 0));
          });
        },
      );
      request.setTimeout(GIVE_UP_MS, () => {
        settle("no answer");
        request.destroy();
      });
      request.on("error", (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
      if (isUpload) upload(request, piece);
      else request.end();
    });

  const open = new Set<Promise<void>>();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(requests, Math.floor((elapsed() * perSecond) / 1000));
      for (; sent < due; sent++) {
        const plan = planOf(sent);
        sentBy[describe(plan)] = (sentBy[describe(plan)] ?? 0) + 1;
        const ended = send(plan).finally(() => open.delete(ended));
        open.add(ended);
      }
      if (sent < requests) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  await Promise.all(open);
  keptAlive.destroy();
  return { sent, failures, latenciesMs: latenciesMs.sort((a, b) => a - b), seconds: elapsed() / 1000, sentBy };
}

/** Without a length, and in pieces that come one after the other. */
function upload(request: http.ClientRequest, piece: Buffer, left = UPLOAD_PIECES): void {
  if (request.destroyed) return;
  if (left === 0) return void request.end();
  request.write(piece);
  setTimeout(() => upload(request, piece, left - 1), PIECE_PAUSE_MS);
}

function judge(text: string, bytes: number): string | undefined {
  try {
    const answer = JSON.parse(text) as PodAnswer;
    return answer.bytes === bytes ? undefined : `the Pod read ${answer.bytes} of ${bytes} bytes`;
  } catch {
    return "an answer that is no Pod's";
  }
}
