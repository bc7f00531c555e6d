import type { AdvanceAnswer } from "../admin/admin-app.ts";
import { type AdvanceRequest, type AdvanceResult, advanceRequestSchema } from "../beacon/beacon-state.ts";

/** Hands a publisher's request to the beacon, if it has the form of one. */
export async function advanceThroughBeacon(
  beacon: { advance(request: AdvanceRequest): Promise<AdvanceResult> },
  request: unknown,
): Promise<AdvanceAnswer> {
  const parsed = advanceRequestSchema.safeParse(request);
  if (!parsed.success) return { outcome: "malformed", reason: parsed.error.issues.map(describeIssue).join("; ") };
  const result = await beacon.advance(parsed.data);
  return result.accepted
    ? { outcome: "accepted", pointer: result.pointer }
    : { outcome: "refused", pointer: result.pointer ?? undefined, reason: result.reason };
}

const describeIssue = ({ path, message }: { path: PropertyKey[]; message: string }): string =>
  `${path.join(".") || "the request"}: ${message}`;
