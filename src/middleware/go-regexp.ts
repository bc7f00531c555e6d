import { RE2JS, RE2JSException } from "re2js";
import { MiddlewareError } from "./middleware-error.ts";

/** A regular expression with Go's templates (https://pkg.go.dev/regexp#Regexp.Expand), in linear time. */
export interface GoRegexp {
  /** The leftmost match, or undefined. */
  find(text: string): { text: string; index: number } | undefined;
  /** `text` with every match replaced; the same string when there is none. */
  replaceAll(text: string, template: Template): string;
  /** Reads a template once: `$1`, `${1}`, `$name`, `${name}`, `$$`. */
  template(text: string): Template;
}

/** Literal text, and numbers of groups. */
export type Template = readonly (string | number)[];

/** Throws `MiddlewareError` for what is not RE2 syntax. */
export function compileGoRegexp(pattern: string): GoRegexp {
  const expression = compile(pattern);
  const groups = expression.namedGroups();
  return {
    find(text) {
      const matcher = expression.matcher(text);
      return matcher.find() ? { text: matcher.group(0) ?? "", index: matcher.start() } : undefined;
    },
    replaceAll(text, template) {
      const matcher = expression.matcher(text);
      let replaced = "";
      let end = 0;
      let found = false;
      while (matcher.find()) {
        found = true;
        replaced += text.slice(end, matcher.start());
        for (const part of template) replaced += typeof part === "string" ? part : (matcher.group(part) ?? "");
        end = matcher.end();
      }
      return found ? replaced + text.slice(end) : text;
    },
    template: (text) => parseTemplate(text, groups, expression.groupCount()),
  };
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new MiddlewareError("invalid-options", `${pattern} is not a regular expression`, { cause: error });
  }
}

const REFERENCE = /\$(?:(\$)|(\w+)|\{(\w+)\})/g;

/** A group that the expression does not have stands for nothing; a `$` that begins no reference is itself. */
function parseTemplate(text: string, groups: Readonly<Record<string, number>>, groupCount: number): Template {
  const parts: (string | number)[] = [];
  let end = 0;
  for (const match of text.matchAll(REFERENCE)) {
    const [whole, dollar, bare, braced] = match;
    parts.push(text.slice(end, match.index));
    end = match.index + whole.length;
    const name = bare ?? braced;
    if (dollar !== undefined || name === undefined) parts.push("$");
    else {
      const group = /^\d+$/.test(name) ? Number(name) : groups[name];
      if (group !== undefined && group <= groupCount) parts.push(group);
    }
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}
