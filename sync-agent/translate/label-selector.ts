export type LabelSelector = (labels: Readonly<Record<string, string>> | undefined) => boolean;

/**
 * A Kubernetes label selector: `a=b`, `a==b`, `a!=b`, `a in (b, c)`, `a notin (b)`, `a`, `!a`, `a>1`, `a<1`, all
 * of them to be met (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/). `!=` and `notin`
 * also take objects without the label. Empty takes all; text that is not a selector gives `error`.
 */
export function parseLabelSelector(text: string): { selector: LabelSelector } | { error: string } {
  const requirements: LabelSelector[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const match = requirement.exec(rest);
    if (match === null) return { error: `\`${rest.slice(0, 60)}\` is not a label requirement` };
    requirements.push(compile(match.groups ?? {}));
    rest = rest.slice(match[0].length);
    if (rest === "") break;
    if (!rest.startsWith(",")) return { error: `expected a comma before \`${rest.slice(0, 60)}\`` };
    rest = rest.slice(1).trimStart();
    if (rest === "") return { error: "a requirement is missing behind the last comma" };
  }
  return { selector: (labels) => requirements.every((meets) => meets(labels)) };
}

const key = String.raw`(?:[A-Za-z0-9][-A-Za-z0-9_.]*\/)?[A-Za-z0-9][-A-Za-z0-9_.]*`;
const value = `[-A-Za-z0-9_.]*`;
const requirement = new RegExp(
  String.raw`^(?:!\s*(?<absent>${key})|(?<key>${key})(?:\s*(?<compare>==|=|!=|>|<)\s*(?<value>${value})|\s+(?<set>in|notin)\s*\((?<values>[^()]*)\))?)\s*`,
);

function compile(groups: Record<string, string | undefined>): LabelSelector {
  const { absent, key = "", compare, value = "", set, values = "" } = groups;
  if (absent !== undefined) return (labels) => labelOf(labels, absent) === undefined;
  if (set !== undefined) {
    const wanted = new Set(values.split(",").map((one) => one.trim()));
    const included = set === "in";
    return (labels) => {
      const found = labelOf(labels, key);
      return found === undefined ? !included : wanted.has(found) === included;
    };
  }
  if (compare === "!=") return (labels) => labelOf(labels, key) !== value;
  if (compare === ">" || compare === "<") {
    const sign = compare === ">" ? 1 : -1;
    return (labels) => {
      const found = labelOf(labels, key);
      return found !== undefined && /^-?\d+$/.test(found) && Math.sign(Number(found) - Number(value)) === sign;
    };
  }
  if (compare !== undefined) return (labels) => labelOf(labels, key) === value;
  return (labels) => labelOf(labels, key) !== undefined;
}

const labelOf = (labels: Readonly<Record<string, string>> | undefined, key: string): string | undefined =>
  labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
