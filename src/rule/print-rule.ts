import type { Rule } from "../table/rule.ts";

/**
 * The v3 text of a rule, or undefined when v3 has none: Gateway API's deep host wildcards and whole-segment
 * prefixes, an empty value, or a literal that v3 would read differently. Parsing the text gives the rule again,
 * but for nested chains of one operator, which become one.
 */
export function printRule(rule: Rule): string | undefined {
  switch (rule.type) {
    case "and":
    case "or":
      return printChain(rule.type, rule.rules);
    case "not": {
      const text = printRule(rule.rule);
      const isChain = rule.rule.type === "and" || rule.rule.type === "or";
      return text === undefined ? undefined : isChain ? `!(${text})` : `!${text}`;
    }
    case "any":
      return "Host(`*`)";
    case "host":
      return /\*|^\[|^\s|\s$|\.$|[A-Z]/.test(rule.host) ? undefined : call("Host", rule.host);
    case "hostWildcard":
      return rule.deep || /^\s|\s$|\.$|[A-Z]/.test(rule.suffix) ? undefined : call("Host", `*.${rule.suffix}`);
    case "hostRegexp":
      return call("HostRegexp", rule.regexp);
    case "path":
      return rule.path.startsWith("/") ? call("Path", rule.path) : undefined;
    case "pathPrefix":
      return rule.path.startsWith("/") && !rule.segments ? call("PathPrefix", rule.path) : undefined;
    case "pathRegexp":
      return call("PathRegexp", rule.regexp);
    case "method":
      return call("Method", rule.method);
    case "header":
      return call("Header", rule.name, rule.value);
    case "headerRegexp":
      return call("HeaderRegexp", rule.name, rule.regexp);
    case "query":
      return rule.value === "" ? call("Query", rule.key) : call("Query", rule.key, rule.value);
    case "queryRegexp":
      return call("QueryRegexp", rule.key, rule.regexp);
    case "clientIp":
      return call("ClientIP", rule.cidr);
    case "cookie":
      return call("Cookie", rule.name, rule.value);
    case "cookieRegexp":
      return call("CookieRegexp", rule.name, rule.regexp);
    case "country":
      return call("Country", rule.country);
    case "percent": {
      const { header, cookie } = rule;
      const key = header !== undefined ? ["Header", header] : cookie !== undefined ? ["Cookie", cookie] : [];
      return call("Percent", String(rule.percent), ...key);
    }
  }
}

/** `&&` binds tighter, so only an `or` within an `and` needs parentheses. An empty chain is a constant. */
function printChain(type: "and" | "or", rules: readonly Rule[]): string | undefined {
  if (rules.length === 0) return type === "and" ? "Host(`*`)" : "!Host(`*`)";
  const texts: string[] = [];
  for (const rule of rules) {
    const text = printRule(rule);
    if (text === undefined) return undefined;
    texts.push(type === "and" && rule.type === "or" ? `(${text})` : text);
  }
  return texts.join(type === "and" ? " && " : " || ");
}

function call(name: string, ...args: string[]): string | undefined {
  return args.includes("") ? undefined : `${name}(${args.map(quote).join(", ")})`;
}

/** In backticks where a raw string can hold the text. */
function quote(text: string): string {
  return /[`\r]/.test(text) ? `"${text.replace(/[\\"\n\r]/g, escapeCharacter)}"` : `\`${text}\``;
}

function escapeCharacter(character: string): string {
  return character === "\n" ? "\\n" : character === "\r" ? "\\r" : `\\${character}`;
}
