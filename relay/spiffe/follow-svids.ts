import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { connect, type NetConnectOpts } from "node:net";
import { readGrpcMessages } from "./read-grpc-messages.ts";

/** How a call of the Workload API ended: the status of gRPC when it was told one. */
export class WorkloadApiError extends Error {
  readonly status: number | undefined;

  constructor(message: string, status?: number, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const PERMISSION_DENIED = 7;

/** A message of no fields. */
const EMPTY_MESSAGE = Buffer.alloc(5);

/**
 * Asks the Workload API for this workload's SVIDs, and for what becomes of them for as long as the call lasts
 * (https://spiffe.io/docs/latest/spiffe-specs/spiffe_workload_api/, section 5.2.1).
 *
 * @param onMessage takes each answer, undecoded
 * @param signal ends it
 * @throws WorkloadApiError always: the call goes on until something ends it
 */
export async function followSvids(
  endpoint: NetConnectOpts,
  onMessage: (message: Buffer) => void,
  signal: AbortSignal,
): Promise<never> {
  const session = connectHttp2("http://localhost", {
    createConnection: () => connect(endpoint),
    settings: { enablePush: false },
  });
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(new WorkloadApiError("it did not answer in time"));
  session.once("error", (error) =>
    reject(new WorkloadApiError(`it cannot be reached: ${error.message}`, undefined, error)),
  );
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([failed, call(session, onMessage)]);
  } finally {
    // A signal that stands for others is kept by whoever listens to it, and all that was of the call with it.
    signal.removeEventListener("abort", giveUp);
    session.on("error", () => {});
    session.destroy();
  }
}

async function call(session: ClientHttp2Session, onMessage: (message: Buffer) => void): Promise<never> {
  const stream = session.request({
    ":method": "POST",
    ":path": "/SpiffeWorkloadAPI/FetchX509SVID",
    "content-type": "application/grpc",
    te: "trailers",
    "user-agent": "sluice-relay",
    // Keeps a program that can be made to send requests from asking for keys.
    "workload.spiffe.io": "true",
  });
  // Also when nobody waits any more: an error without a listener would end the process.
  stream.on("error", () => {});
  stream.end(EMPTY_MESSAGE);
  let trailers: IncomingHttpHeaders = {};
  stream.once("trailers", (received: IncomingHttpHeaders) => {
    trailers = received;
  });
  const headers = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
    stream.once("response", resolve).once("error", reject);
    stream.once("close", () => reject(new WorkloadApiError("it ended the call without an answer")));
  });
  if (Number(headers[":status"]) !== 200) throw new WorkloadApiError(`it answered ${headers[":status"]}`);
  for await (const message of readGrpcMessages(stream)) onMessage(message);
  // An answer without a message has its status among the headers.
  const { "grpc-status": status, "grpc-message": reason } = { ...headers, ...trailers };
  if (status === undefined) throw new WorkloadApiError("it ended the call without a status");
  throw new WorkloadApiError(
    `it ended the call with gRPC status ${status}${reason === undefined ? "" : ` (${textOf(String(reason))})`}`,
    Number(status),
  );
}

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md has messages percent-encoded. */
function textOf(encoded: string): string {
  try {
    return decodeURIComponent(encoded).slice(0, 256);
  } catch {
    return encoded.slice(0, 256);
  }
}
