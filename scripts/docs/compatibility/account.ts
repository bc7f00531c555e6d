import type { Problem } from "../../../sync-agent/translate/problem.ts";
import { differences, meaningless } from "./differences.ts";
import type { Verdict } from "./judge-field.ts";
import type { JudgedField } from "./judge-kind.ts";

/** A field as the page has it. */
export interface AccountedField {
  path: string;
  status: "supported" | "differs" | "refused";
  /** How it differs, or why it is refused; Markdown. */
  text: string;
}

/** A part that several kinds have in common, described once. */
export interface SharedPart {
  title: string;
  /** Where it stands; the first is the one that is described. */
  places: readonly { kind: string; path: string }[];
}

const placesIn = (kind: string, ...paths: string[]): SharedPart["places"] => paths.map((path) => ({ kind, path }));

export const sharedParts: readonly SharedPart[] = [
  {
    title: "A service of Traefik's HTTP kinds",
    places: [
      ...placesIn("IngressRoute", "spec.routes[].services[]"),
      ...placesIn(
        "TraefikService",
        "spec.weighted.services[]",
        "spec.mirroring",
        "spec.mirroring.mirrors[]",
        "spec.failover.service",
        "spec.failover.fallback",
        "spec.highestRandomWeight.services[]",
      ),
      ...placesIn("Middleware", "spec.errors.service"),
    ],
  },
  {
    title: "A filter of Gateway API",
    places: [
      ...placesIn("HTTPRoute", "spec.rules[].filters[]", "spec.rules[].backendRefs[].filters[]"),
      ...placesIn("GRPCRoute", "spec.rules[].filters[]", "spec.rules[].backendRefs[].filters[]"),
    ],
  },
];

/** The shared part that a field belongs to, and its path in it. */
export function partOf(kind: string, path: string): { part: SharedPart; place: string; within: string } | undefined {
  const found = sharedParts.flatMap((part) =>
    part.places
      .filter((place) => place.kind === kind && path.startsWith(`${place.path}.`))
      .map((place) => ({ part, place: place.path, within: path.slice(place.path.length + 1) })),
  );
  return found.toSorted((a, b) => b.place.length - a.place.length)[0];
}

/** Puts every field of a kind into one of the three; what is in none is said as a complaint. */
export function account(
  kind: string,
  judged: readonly JudgedField[],
): { fields: AccountedField[]; complaints: string[] } {
  const fields: AccountedField[] = [];
  const complaints: string[] = [];
  for (const { path, verdict } of judged) {
    const own = differences[kind]?.[path];
    const outcome =
      own !== undefined && verdict.is === "refused"
        ? `is said to differ, and is refused: ${verdict.problem.message}`
        : describe(verdict, own ?? sharedNote(kind, path), meaningless[kind]?.[path]);
    if (typeof outcome === "string") complaints.push(`${kind}: ${path} ${outcome}`);
    else fields.push({ path, ...outcome });
  }
  const stale = [...Object.keys(differences[kind] ?? {}), ...Object.keys(meaningless[kind] ?? {})].filter(
    (path) => !judged.some((one) => one.path === path || one.path.startsWith(`${path}.`)),
  );
  complaints.push(...stale.map((path) => `${kind} has no field ${path}, of which a difference is told`));
  return { fields, complaints };
}

function sharedNote(kind: string, path: string): string | undefined {
  const shared = partOf(kind, path);
  return shared && differences[shared.part.title]?.[shared.within];
}

/** What a verdict comes to; a complaint when that is nothing that could be told. */
function describe(
  verdict: Verdict,
  difference: string | undefined,
  meaning: string | undefined,
): Omit<AccountedField, "path"> | string {
  if (verdict.is === "ignored" && meaning !== undefined) return { status: "supported", text: meaning };
  if (meaning !== undefined) return "is said to mean nothing, and does something";
  switch (verdict.is) {
    case "supported": {
      const limits = verdict.except.map(({ value, problem }) => limitOf(value, problem));
      const texts = [...(difference === undefined ? [] : [difference]), ...new Set(limits)];
      return texts.length === 0 ? { status: "supported", text: "" } : { status: "differs", text: texts.join(" ") };
    }
    case "refused": {
      const status = verdict.problem.code === "middleware-by-platform" ? "differs" : "refused";
      return { status, text: reasonOf(verdict.problem) };
    }
    case "unknown":
      return "is not known";
    case "ignored":
      return "has no effect, and nobody is told";
    case "unproven":
      return `could not be tried: ${verdict.problem.message}`;
  }
}

const limitOf = (value: unknown, problem: Problem): string => `Not \`${String(value)}\`: ${reasonOf(problem)}`;

const reasonOf = ({ code, message }: Problem): string => `[\`${code}\`](problems.md#${code}): ${message}.`;
