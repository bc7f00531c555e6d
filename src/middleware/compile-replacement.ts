import type { Matcher } from "re2js";
import { compileSearch, compileTest } from "./compile-pattern.ts";

/** A regular expression and what to put in the place of its matches. */
export interface Replacement {
  test(text: string): boolean;
  /** The text with every match replaced, or undefined when it has more than `MOST_MATCHES`. */
  replaceAll(text: string): string | undefined;
}

/** A search is linear in the text, but a text may hold as many matches as characters: this keeps all of it linear. */
const MOST_MATCHES = 1000;

/** Literal text, and numbers of groups. */
type Template = readonly (string | number)[];

/**
 * Compiles a replacement as Go's `Regexp.ReplaceAllString` does it (https://pkg.go.dev/regexp#Regexp.Expand): `$1`,
 * `${1}`, `$name`, `${name}`, `$$`; a name is as long as can be, so `$1x` is the group `1x`. A group that did not
 * match, or that there is none of, is empty; a `$` before no name is itself. Throws `MiddlewareError`.
 */
export function compileReplacement(pattern: string, template: string): Replacement {
  const search = compileSearch(pattern);
  const parts = parseTemplate(template, search.namedGroups(), search.groupCount());
  const matches = compileTest(pattern);
  return {
    test: (text) => matches.test(text),
    replaceAll: (text) => replaceAll(text, search.matcher(text), parts),
  };
}

function replaceAll(text: string, matcher: Matcher, template: Template): string | undefined {
  let replaced = "";
  let end = 0;
  let count = 0;
  while (matcher.find()) {
    count += 1;
    if (count > MOST_MATCHES) return undefined;
    const start = matcher.start();
    // Go leaves out an empty match right behind the one before it.
    if (matcher.end() === end && start === end && count > 1) continue;
    replaced += text.slice(end, start);
    for (const part of template) replaced += typeof part === "string" ? part : (matcher.group(part) ?? "");
    end = matcher.end();
  }
  return replaced + text.slice(end);
}

const REFERENCE = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;

function parseTemplate(text: string, groups: Readonly<Record<string, number>>, groupCount: number): Template {
  const parts: (string | number)[] = [];
  let end = 0;
  for (const match of text.matchAll(REFERENCE)) {
    parts.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    const name = match[1] ?? match[2];
    if (name === undefined) parts.push("$");
    else {
      const group = findGroup(name, groups);
      if (group !== undefined && group <= groupCount) parts.push(group);
    }
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}

/** A number has no leading zero. */
function findGroup(name: string, groups: Readonly<Record<string, number>>): number | undefined {
  if (/^(?:0|[1-9]\d{0,8})$/.test(name)) return Number(name);
  return Object.hasOwn(groups, name) ? groups[name] : undefined;
}
