/**
 * A short text that a regular expression probably matches: literals, classes, groups, alternatives (the first one)
 * and repetitions (as few as allowed). The caller checks it against the expression.
 *
 * @returns undefined for syntax beyond that
 */
export function sampleRegexp(expression: string): string | undefined {
  const sampler = new Sampler(expression);
  const sample = sampler.alternatives();
  return sampler.done ? sample : undefined;
}

const ESCAPES: Record<string, string> = {
  d: "1",
  w: "a",
  s: " ",
  D: "a",
  W: "-",
  S: "a",
  t: "\t",
  b: "",
  B: "",
  A: "",
  z: "",
};
/** Tried in this order for a class: what looks best in a host or path comes first. */
const CANDIDATES = [..."a1bcdefghijklmnopqrstuvwxyz023456789-_./A~BCDEFGHIJKLMNOPQRSTUVWXYZ"];

class Sampler {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  alternatives(): string | undefined {
    if (++this.#depth > 50) return undefined;
    const first = this.#sequence();
    while (this.#text[this.#at] === "|") {
      this.#at++;
      this.#sequence();
    }
    this.#depth--;
    return first;
  }

  #sequence(): string | undefined {
    let sample: string | undefined = "";
    while (!this.done && this.#text[this.#at] !== "|" && this.#text[this.#at] !== ")") {
      const atom = this.#atom();
      const times = this.#repetition();
      sample = sample === undefined || atom === undefined ? undefined : sample + atom.repeat(times);
    }
    return sample;
  }

  #atom(): string | undefined {
    const char = this.#text[this.#at++];
    switch (char) {
      case "^":
      case "$":
        return "";
      case ".":
        return "a";
      case "\\":
        return this.#escape();
      case "[":
        return this.#class();
      case "(":
        return this.#group();
      default:
        return char;
    }
  }

  #escape(): string | undefined {
    const char = this.#text[this.#at++];
    if (char === undefined) return undefined;
    if (Object.hasOwn(ESCAPES, char)) return ESCAPES[char];
    return /[A-Za-z0-9]/.test(char) ? undefined : char;
  }

  #class(): string | undefined {
    const match = /^\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]/s.exec(this.#text.slice(this.#at));
    if (!match) return undefined;
    this.#at += match[0].length;
    const posix: Record<string, string> = {
      alpha: "a-zA-Z",
      digit: "0-9",
      alnum: "a-zA-Z0-9",
      lower: "a-z",
      upper: "A-Z",
    };
    const body = match[0].slice(0, -1).replace(/\[:(\w+):\]/g, (_, name: string) => posix[name] ?? "");
    try {
      const one = new RegExp(`^[${body}]$`);
      return CANDIDATES.find((candidate) => one.test(candidate));
    } catch {
      return undefined;
    }
  }

  #group(): string | undefined {
    const head = /^\?(?:P?<\w+>|[imsU]*:)/.exec(this.#text.slice(this.#at))?.[0] ?? "";
    this.#at += head.length;
    const sample = this.alternatives();
    return this.#text[this.#at++] === ")" ? sample : undefined;
  }

  /** How often the last atom stands: once where none at all would do, so that a sample looks like something. */
  #repetition(): number {
    const match = /^(?:[*+?]|\{(\d{1,4})(?:,\d*)?\})\??/.exec(this.#text.slice(this.#at));
    if (!match) return 1;
    this.#at += match[0].length;
    return match[1] === undefined ? 1 : Math.min(Number(match[1]), 64) || 0;
  }
}
