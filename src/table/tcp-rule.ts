import * as z from "zod/mini";
import type { RuleTree } from "./rule.ts";

/** A rule of a TCP router as a parsed tree; names lowercased, without a trailing dot. */
export type TcpRule = RuleTree<TcpMatcher>;

export type TcpMatcher =
  /** Every connection, also one that is not TLS: HostSNI(`*`). */
  | { type: "any" }
  | { type: "sni"; name: string }
  /** `*.suffix`: exactly one more label (Traefik), or one or more (Gateway API, `deep`). `suffix` has no leading dot. */
  | { type: "sniWildcard"; suffix: string; deep?: boolean | undefined }
  | { type: "sniRegexp"; regexp: string }
  /** An address or CIDR block, against the connection's peer, or what a trusted PROXY header says. */
  | { type: "clientIp"; cidr: string }
  /** One of the protocols that the client offers (RFC 7301). */
  | { type: "alpn"; protocol: string };

export const tcpRuleSchema: z.ZodMiniType<TcpRule> = z.lazy(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("and"), rules: z.array(tcpRuleSchema) }),
    z.strictObject({ type: z.literal("or"), rules: z.array(tcpRuleSchema) }),
    z.strictObject({ type: z.literal("not"), rule: tcpRuleSchema }),
    z.strictObject({ type: z.literal("any") }),
    z.strictObject({ type: z.literal("sni"), name: z.string() }),
    z.strictObject({ type: z.literal("sniWildcard"), suffix: z.string(), deep: z.optional(z.boolean()) }),
    z.strictObject({ type: z.literal("sniRegexp"), regexp: z.string() }),
    z.strictObject({ type: z.literal("clientIp"), cidr: z.string() }),
    z.strictObject({ type: z.literal("alpn"), protocol: z.string() }),
  ]),
);
