import { shorten } from "./explain-token.ts";
import type { MatcherArgument } from "./matcher.ts";
import { readRegexp } from "./matcher-arguments.ts";
import { syntaxError } from "./rule-problem.ts";

export interface TemplateOptions {
  /** What stands before the template in the pattern. */
  start: string;
  /** What stands after it. */
  end: string;
  /** What a variable without a pattern takes. */
  variable: string;
  /** Brings the text outside of variables into the form that is compared. */
  literal: (text: string) => string;
}

/**
 * The RE2 pattern of a template of gorilla/mux (https://github.com/gorilla/mux#matching-routes), as v2 rules use
 * them: `{name}` and `{name:pattern}`, braces inside a pattern in pairs. Throws `RuleError`.
 */
export function templateToRegexp(arg: MatcherArgument, options: TemplateOptions): string {
  const names = new Set<string>();
  let pattern = options.start;
  let end = 0;
  for (const [from, to] of findVariables(arg)) {
    pattern += quote(options.literal(arg.value.slice(end, from)));
    const variable = arg.value.slice(from + 1, to - 1);
    const colon = variable.indexOf(":");
    const name = colon === -1 ? variable : variable.slice(0, colon);
    const own = colon === -1 ? options.variable : variable.slice(colon + 1);
    if (name === "" || own === "")
      throw syntaxError(arg, `{${shorten(variable)}} lacks a name or a pattern`, "Write {name:pattern}");
    if (names.has(name)) throw syntaxError(arg, `The variable ${shorten(name)} stands twice in the template`);
    names.add(name);
    pattern += `(?:${readRegexp(arg, own)})`;
    end = to;
  }
  return readRegexp(arg, pattern + quote(options.literal(arg.value.slice(end))) + options.end);
}

/** The places of the outermost braces, the end behind the closing one. */
function findVariables(arg: MatcherArgument): [number, number][] {
  const places: [number, number][] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < arg.value.length; at += 1) {
    if (arg.value[at] === "{") {
      if (depth === 0) start = at;
      depth += 1;
    } else if (arg.value[at] === "}") {
      depth -= 1;
      if (depth === 0) places.push([start, at + 1]);
      if (depth < 0) break;
    }
  }
  if (depth !== 0) throw syntaxError(arg, "The template's braces are not in pairs");
  return places;
}

const quote = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
