import fc from "fast-check";
import { createRequestFacts } from "../../src/rule/create-request-facts.ts";
import type { Rule } from "../../src/table/rule.ts";

/** Few values, so that rules and requests often meet. */
const hosts = ["a.com", "b.com", "x.a.com", "y.x.a.com", "com", "10.0.0.1"];
const paths = ["/", "/a", "/a/", "/a/b", "/ab", "/b", "/a b", "/a%2Fb"];
const regexps = ["^/a", "b$", "^[^.]+\\.a\\.com$", "a|b", "^$", "(?i)A"];
const words = ["a", "b", "A", "a, b"];

const pathRule: fc.Arbitrary<Rule> = fc.oneof(
  fc.record({ type: fc.constant("path" as const), path: fc.constantFrom(...paths) }),
  fc.record({ type: fc.constant("pathPrefix" as const), path: fc.constantFrom(...paths) }),
);

/** Leaves that v3 can write. */
const v3Leaf: fc.Arbitrary<Rule> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("host" as const), host: fc.constantFrom(...hosts) }) },
  { weight: 4, arbitrary: pathRule },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("hostWildcard" as const), suffix: fc.constantFrom(...hosts) }),
  },
  fc.constant({ type: "any" } as const),
  fc.record({ type: fc.constant("hostRegexp" as const), regexp: fc.constantFrom(...regexps) }),
  fc.record({ type: fc.constant("pathRegexp" as const), regexp: fc.constantFrom(...regexps) }),
  fc.record({ type: fc.constant("method" as const), method: fc.constantFrom("GET", "POST") }),
  fc.record({
    type: fc.constant("header" as const),
    name: fc.constantFrom("X-A", "host"),
    value: fc.constantFrom(...words),
  }),
  fc.record({
    type: fc.constant("headerRegexp" as const),
    name: fc.constant("X-A"),
    regexp: fc.constantFrom(...regexps),
  }),
  fc.record({
    type: fc.constant("query" as const),
    key: fc.constantFrom("k", "l"),
    value: fc.constantFrom("", ...words),
  }),
  fc.record({ type: fc.constant("queryRegexp" as const), key: fc.constant("k"), regexp: fc.constantFrom(...regexps) }),
  fc.record({ type: fc.constant("clientIp" as const), cidr: fc.constantFrom("10.0.0.0/8", "::1", "10.0.0.1") }),
  fc.record({
    type: fc.constant("cookie" as const),
    name: fc.constantFrom("c", "C"),
    value: fc.constantFrom("a", "b", "a;b", '"a"'),
  }),
  fc.record({
    type: fc.constant("cookieRegexp" as const),
    name: fc.constant("c"),
    regexp: fc.constantFrom(...regexps),
  }),
  fc.record({ type: fc.constant("country" as const), country: fc.constantFrom("DE", "FR") }),
  fc
    .tuple(fc.constantFrom(0, 0.25, 5, 50, 100), fc.constantFrom({}, { header: "X-A" }, { cookie: "c" }))
    .map(([percent, by]): Rule => ({ type: "percent", percent, ...by })),
);

/** Leaves of Gateway API, which v3 cannot write. */
const gatewayLeaf: fc.Arbitrary<Rule> = fc.oneof(
  fc.record({
    type: fc.constant("hostWildcard" as const),
    suffix: fc.constantFrom(...hosts),
    deep: fc.constant(true),
  }),
  fc.record({ type: fc.constant("pathPrefix" as const), path: fc.constantFrom(...paths), segments: fc.constant(true) }),
);

const treeOf = (leaf: fc.Arbitrary<Rule>, minLength: number): fc.Arbitrary<Rule> =>
  fc.letrec<{ rule: Rule }>((tie) => {
    const rules = fc.array(tie("rule"), { minLength, maxLength: 3 });
    return {
      rule: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        leaf,
        fc.record({ type: fc.constant("and" as const), rules }),
        fc.record({ type: fc.constant("or" as const), rules }),
        fc.record({ type: fc.constant("not" as const), rule: tie("rule") }),
      ),
    };
  }).rule;

/** Any tree of any leaves, empty chains among them. */
export const anyRule = treeOf(fc.oneof({ weight: 6, arbitrary: v3Leaf }, { weight: 1, arbitrary: gatewayLeaf }), 0);

/** Trees of leaves that v3 can write. */
export const v3Rule = treeOf(v3Leaf, 1);

export const anyFacts = fc
  .record({
    host: fc.constantFrom("", ...hosts, "a.com.", "z.b.com", "A.com:80", ".a.com"),
    routingPath: fc.constantFrom(...paths, "/a/b/c", "/c"),
    method: fc.constantFrom("GET", "get", "POST"),
    header: fc.constantFrom(null, ...words, "b, a"),
    query: fc.constantFrom("", "?k", "?k=a", "?k=b&k=a", "?l=A;k=", "?k=a%2C+b"),
    clientAddress: fc.constantFrom("10.0.0.1", "10.1.2.3", "::1", "::ffff:10.0.0.1", "192.0.2.1"),
    cookie: fc.constantFrom(null, "c=a", "C=b; c=b", 'c="a"', "c=b; c=a", "d=a"),
    country: fc.constantFrom("", "DE", "FR"),
  })
  .map(({ header, cookie, country, ...rest }) =>
    createRequestFacts({
      ...rest,
      headers: { get: (name) => (name === "X-A" ? header : name === "cookie" ? cookie : null) },
      country: () => country,
    }),
  );
