import * as z from "zod/mini";

/** Which address a client counts under; all left out: its connection's. */
export const ipStrategySchema = z.strictObject({
  /** The nth address of X-Forwarded-For from its end. Goes before `excludedIPs`. */
  depth: z.optional(z.number()),
  /** The last address of X-Forwarded-For that is none of these. */
  excludedIPs: z.optional(z.array(z.string())),
  /** Bits of an IPv6 address that count. */
  ipv6Subnet: z.optional(z.number()),
});
export type IpStrategy = z.infer<typeof ipStrategySchema>;

/** What requests are counted together by: one of these, or all left out. */
export const sourceCriterionSchema = z.strictObject({
  ipStrategy: z.optional(ipStrategySchema),
  requestHeaderName: z.optional(z.string()),
  requestHost: z.optional(z.boolean()),
});
export type SourceCriterion = z.infer<typeof sourceCriterionSchema>;
