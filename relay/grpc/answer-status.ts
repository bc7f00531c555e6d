import { lineOf } from "../health/ask-once.ts";
import type { PodAnswer } from "./pod-answer.ts";

/** The status of HTTP that each code of gRPC comes to (google.rpc.Code), from 0. */
const statuses = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

/**
 * What an answer counts as where guards look at statuses: as the code of gRPC that it begins with, for a call that fails
 * before it has an answer says so in place of headers. A code that comes behind messages is not waited for, as in Envoy.
 */
export function answerStatus({ status, lines }: Pick<PodAnswer, "status" | "lines">): number {
  const code = status === 200 ? lineOf(lines, "grpc-status") : undefined;
  return code === undefined ? status : (statuses[Number(code)] ?? 500);
}
