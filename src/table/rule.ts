import * as z from "zod/mini";

/** Matchers of one kind joined by operators. */
export type RuleTree<Leaf> =
  | Leaf
  | { type: "and"; rules: RuleTree<Leaf>[] }
  | { type: "or"; rules: RuleTree<Leaf>[] }
  | { type: "not"; rule: RuleTree<Leaf> };

/**
 * A routing rule as a parsed tree. The translator parses the rule text; the edge only evaluates the tree.
 *
 * Values are stored in the form in which they are compared: hosts lowercased, methods uppercased, paths in
 * routing-path form (every `%XX` decoded except RFC 3986 reserved characters and `%25`), regexes as RE2 text.
 */
export type Rule = RuleTree<HttpMatcher>;

export type HttpMatcher =
  /** Matches every request, also one without a Host. */
  | { type: "any" }
  | { type: "host"; host: string }
  /** `*.suffix`: exactly one more label (Traefik), or one or more (Gateway API, `deep`). `suffix` has no leading dot. */
  | { type: "hostWildcard"; suffix: string; deep?: boolean | undefined }
  | { type: "hostRegexp"; regexp: string }
  | { type: "path"; path: string }
  /** Byte-wise (Traefik) unless `segments`: then whole path elements (Gateway API, Ingress `pathType: Prefix`). */
  | { type: "pathPrefix"; path: string; segments?: boolean | undefined }
  | { type: "pathRegexp"; regexp: string }
  | { type: "method"; method: string }
  | { type: "header"; name: string; value: string }
  | { type: "headerRegexp"; name: string; regexp: string }
  /** Any of the key's values equals `value`. `Query(k)` of Traefik is `value: ""`. */
  | { type: "query"; key: string; value: string }
  | { type: "queryRegexp"; key: string; regexp: string }
  /** An address or CIDR block, against the connection's peer (never X-Forwarded-For). */
  | { type: "clientIp"; cidr: string }
  /** Of several cookies with one name the first. */
  | { type: "cookie"; name: string; value: string }
  | { type: "cookieRegexp"; name: string; regexp: string }
  /** Where the client is, as Cloudflare has it: two capital letters (ISO 3166-1), `T1` for Tor. */
  | { type: "country"; country: string }
  /**
   * A share of the clients, in percent, the same ones for as long as it lasts: who is in a share is in every larger
   * one. Told apart by a header or a cookie, without which a request is in no share; else by their address.
   */
  | { type: "percent"; percent: number; header?: string | undefined; cookie?: string | undefined };

export const ruleSchema: z.ZodMiniType<Rule> = z.lazy(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("and"), rules: z.array(ruleSchema) }),
    z.strictObject({ type: z.literal("or"), rules: z.array(ruleSchema) }),
    z.strictObject({ type: z.literal("not"), rule: ruleSchema }),
    z.strictObject({ type: z.literal("any") }),
    z.strictObject({ type: z.literal("host"), host: z.string() }),
    z.strictObject({ type: z.literal("hostWildcard"), suffix: z.string(), deep: z.optional(z.boolean()) }),
    z.strictObject({ type: z.literal("hostRegexp"), regexp: z.string() }),
    z.strictObject({ type: z.literal("path"), path: z.string() }),
    z.strictObject({ type: z.literal("pathPrefix"), path: z.string(), segments: z.optional(z.boolean()) }),
    z.strictObject({ type: z.literal("pathRegexp"), regexp: z.string() }),
    z.strictObject({ type: z.literal("method"), method: z.string() }),
    z.strictObject({ type: z.literal("header"), name: z.string(), value: z.string() }),
    z.strictObject({ type: z.literal("headerRegexp"), name: z.string(), regexp: z.string() }),
    z.strictObject({ type: z.literal("query"), key: z.string(), value: z.string() }),
    z.strictObject({ type: z.literal("queryRegexp"), key: z.string(), regexp: z.string() }),
    z.strictObject({ type: z.literal("clientIp"), cidr: z.string() }),
    z.strictObject({ type: z.literal("cookie"), name: z.string(), value: z.string() }),
    z.strictObject({ type: z.literal("cookieRegexp"), name: z.string(), regexp: z.string() }),
    z.strictObject({ type: z.literal("country"), country: z.string() }),
    z.strictObject({
      type: z.literal("percent"),
      percent: z.number(),
      header: z.optional(z.string()),
      cookie: z.optional(z.string()),
    }),
  ]),
);
