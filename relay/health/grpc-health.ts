import type { ConnectionPool } from "../origin-gateway/connection.ts";
import { askOnce, lineOf } from "./ask-once.ts";

/** A message of no fields: the health of the whole server (https://github.com/grpc/grpc/blob/master/doc/health-checking.md). */
const ASK_FOR_ALL = Buffer.alloc(5);
/** The status SERVING, in field 1 of the answer's message. */
const SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 1]);
/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const UNIMPLEMENTED = "12";

/**
 * Asks by the health protocol of gRPC.
 *
 * @throws Error when the server does not say that it serves
 */
export async function checkGrpcHealth(pool: ConnectionPool, host: string, userAgent: string): Promise<void> {
  const request = {
    path: "/grpc.health.v1.Health/Check",
    method: "POST",
    headers: ["host", host, "content-type", "application/grpc", "te", "trailers", "user-agent", userAgent],
    body: once(ASK_FOR_ALL),
  };
  const { status, headers, trailers, body } = await askOnce(pool, request, true);
  if (status !== 200) throw new Error(`it answered ${status}`);
  const code = lineOf(trailers, "grpc-status") ?? lineOf(headers, "grpc-status");
  if (code === UNIMPLEMENTED) throw new Error("it does not have the health protocol of gRPC");
  if (code !== "0")
    throw new Error(code === undefined ? "it does not speak gRPC" : `it answered with gRPC status ${code}`);
  if (!body.equals(SERVING)) throw new Error("it says that it does not serve");
}

async function* once(chunk: Buffer): AsyncGenerator<Buffer> {
  yield chunk;
}
