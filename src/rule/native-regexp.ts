/**
 * A set of characters: one bit for each of ASCII, and one (`BEYOND`) for all others together.
 */
type CharacterSet = bigint;

const BEYOND = 1n << 128n;
const EVERYTHING = (BEYOND << 1n) - 1n;

const setOf = (characters: string): CharacterSet =>
  [...characters].reduce((set, character) => set | (1n << BigInt(character.charCodeAt(0))), 0n);

const complement = (set: CharacterSet): CharacterSet => EVERYTHING ^ set;

const DIGITS = setOf("0123456789");
const WORD = DIGITS | setOf("_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
const SPACE = setOf("\t\n\f\r ");
const ANY = complement(setOf("\n"));

const CLASS_ESCAPES: Record<string, CharacterSet> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
};

/** A class of two characters may print as hundreds. */
const LONGEST_PATTERN = 500;

interface Item {
  set: CharacterSet;
  quantifier: string;
}

/** One item: a literal, an escape, a dot or a simple class, and a greedy quantifier. */
const ITEM =
  /([A-Za-z0-9_\-/,:;=@~%&#!<>"' ]|\\[dDwWsS!-/:-@[-`{-~]|\.|\[\^?(?:[^\\[\]^]|\\[dDwWsS!-/:-@[-`{-~])+\])([*+?]?)/y;
/** A member of a class: a range of letters or digits, an escape, or a character. */
const MEMBER = /([A-Za-z0-9])-([A-Za-z0-9])|\\(.)|([A-Za-z0-9_/,:;=@~%&#!<>"' .*+?(){}|$])|(-)(?=$)/y;

/**
 * The native regular expression for an RE2 pattern that is a plain sequence of characters and classes and is
 * proven to match in linear time, or undefined for any other. Native ones match and compile many times faster.
 *
 * The proof: a pattern without quantifiers tries a constant number of characters at each place. One with
 * quantifiers must begin with `^`, and what follows each quantified item but the last must be one character that
 * the item itself cannot match. So at most one split point lets the match go on, and backtracking meets it once.
 */
export function toNativeRegexp(pattern: string): RegExp | undefined {
  if (pattern.length > LONGEST_PATTERN) return undefined;
  const anchored = pattern.startsWith("^");
  const closed = /(^|[^\\])(\\\\)*\$$/.test(pattern);
  const body = pattern.slice(anchored ? 1 : 0, closed ? -1 : undefined);
  const items = readItems(body);
  if (items === undefined || !isLinear(items, anchored)) return undefined;
  const source = items.map(({ set, quantifier }) => print(set) + quantifier).join("");
  return new RegExp(`${anchored ? "^" : ""}${source}${closed ? "$" : ""}`, "u");
}

function isLinear(items: readonly Item[], anchored: boolean): boolean {
  const lastQuantified = items.findLastIndex(({ quantifier }) => quantifier !== "");
  if (lastQuantified === -1) return true;
  return (
    anchored &&
    items.slice(0, lastQuantified).every((item, index) => {
      const next = items[index + 1];
      return item.quantifier === "" || (next?.quantifier === "" && (next.set & item.set) === 0n);
    })
  );
}

function readItems(body: string): Item[] | undefined {
  const items: Item[] = [];
  for (let at = 0; at < body.length; ) {
    ITEM.lastIndex = at;
    const [whole, atom, quantifier] = ITEM.exec(body) ?? [];
    if (whole === undefined || atom === undefined || quantifier === undefined) return undefined;
    const set = readAtom(atom);
    if (set === undefined) return undefined;
    items.push({ set, quantifier });
    at += whole.length;
  }
  return items;
}

function readAtom(atom: string): CharacterSet | undefined {
  if (atom === ".") return ANY;
  if (atom.startsWith("\\")) return readEscape(atom.slice(1));
  if (!atom.startsWith("[")) return setOf(atom);
  const negated = atom.startsWith("[^");
  const set = readMembers(atom.slice(negated ? 2 : 1, -1));
  return set !== undefined && negated ? complement(set) : set;
}

const readEscape = (character: string): CharacterSet => CLASS_ESCAPES[character] ?? setOf(character);

function readMembers(members: string): CharacterSet | undefined {
  let set: CharacterSet = 0n;
  for (let at = 0; at < members.length; ) {
    MEMBER.lastIndex = at;
    const [whole, from, to, escaped, character, dash] = MEMBER.exec(members) ?? [];
    if (whole === undefined) return undefined;
    if (from !== undefined && to !== undefined) {
      if (from > to) return undefined;
      for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code += 1) set |= 1n << BigInt(code);
    } else if (escaped !== undefined) {
      set |= readEscape(escaped);
    } else {
      set |= setOf(character ?? dash ?? "");
    }
    at += whole.length;
  }
  return set;
}

function print(set: CharacterSet): string {
  return (set & BEYOND) === 0n ? `[${printMembers(set)}]` : `[^${printMembers(complement(set))}]`;
}

function printMembers(set: CharacterSet): string {
  let members = "";
  for (let code = 0; code < 128; code += 1) {
    if ((set >> BigInt(code)) & 1n) members += `\\x${code.toString(16).padStart(2, "0")}`;
  }
  return members;
}
