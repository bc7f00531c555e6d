import { type AccountedField, partOf, type SharedPart, sharedParts } from "./compatibility/account.ts";
import type { Compatibility } from "./compatibility/judge-all.ts";
import { code, page, tableSection } from "./page.ts";

/** What Sluice makes of every field, as trying them shows. Throws when a field is in none of the three. */
export function compatibilityPage(compatibility: Compatibility): string {
  const { families, refusedKinds, complaints } = compatibility;
  if (complaints.length > 0) throw new Error(`docs/compatibility.md cannot be written:\n${complaints.join("\n")}`);
  const shared = sharedFields(compatibility);
  const refused = refusedKinds.map(({ kind, problem }) => [code(kind), linkTo(problem.code), `${problem.message}.`]);
  return page(
    "Compatibility",
    "Every field of Traefik's kinds, of Ingress and its annotations, and of Gateway API's kinds, and what Sluice makes of it: *supported*, *differs* (how), or **refused**, with the code of the [problem](problems.md) that `sluice check` and the agent report. Nothing is passed over in silence. The page is found out by translating objects with each field; how the whole differs (what is closed, what is retried) is told in the pages on [routers](routers.md#differences-from-traefik), [services](services.md#differences-from-traefik), [entry points](entry-points.md#differences-from-traefik), [TCP and UDP](tcp-and-udp.md#differences-from-traefik) and [middlewares](middlewares.md). Keys of the static configuration are in [a list of their own](static-configuration.md).",
    [
      overview(compatibility),
      ...families.flatMap(({ kinds }) => kinds.map(({ kind, fields }) => describeKind(kind, fields, shared))),
      ...[...shared].map(([{ title }, fields]) => tableSection(title, headings, group(fields).map(cellsOf))),
      tableSection("Kinds that are not read", ["kind", "problem", "why"], refused),
    ],
  );
}

function overview({ families }: Compatibility): string {
  const rows = families.flatMap(({ title, kinds }) =>
    kinds.map(({ kind, fields }) => {
      const count = (status: AccountedField["status"]): string =>
        String(fields.filter((field) => field.status === status).length);
      return [title, linkWithin(kind), count("supported"), count("differs"), count("refused")];
    }),
  );
  return tableSection("Overview", ["", "kind", "supported", "differ", "refused"], rows);
}

/** The fields of each shared part, by their paths in it: as they are in the first of its places. */
function sharedFields({ families }: Compatibility): Map<SharedPart, AccountedField[]> {
  const kinds = families.flatMap((family) => family.kinds);
  return new Map(
    sharedParts.map((part) => {
      const [first] = part.places;
      const fields = kinds.find(({ kind }) => kind === first?.kind)?.fields ?? [];
      return [
        part,
        fields.flatMap((field) => {
          const shared = partOf(first?.kind ?? "", field.path);
          return shared?.place === first?.path && shared !== undefined ? [{ ...field, path: shared.within }] : [];
        }),
      ];
    }),
  );
}

/** All fields of a kind, but those of a shared part only where they are not as the part has them. */
function describeKind(
  kind: string,
  fields: readonly AccountedField[],
  shared: Map<SharedPart, AccountedField[]>,
): string {
  const rows: AccountedField[] = [];
  const places = new Set<string>();
  for (const field of fields) {
    const found = partOf(kind, field.path);
    if (found === undefined) {
      rows.push(field);
      continue;
    }
    const { part, place, within } = found;
    if (!places.has(place)) {
      places.add(place);
      rows.push({
        path: place,
        status: "supported",
        text: `As ${linkWithin(part.title)}; rows below this say where not.`,
      });
    }
    const known = shared.get(part)?.find(({ path }) => path === within);
    if (known?.status !== field.status || known.text !== field.text) rows.push(field);
  }
  return tableSection(kind, headings, group(rows).map(cellsOf));
}

const headings = ["field", "", "how, or why not"];

const cellsOf = ({ path, below, status, text }: GroupedField): string[] => [
  below.length === 0 ? code(path) : `${code(path)}: ${below.map(code).join(", ")}`,
  status === "refused" ? `**${status}**` : status,
  text,
];

interface GroupedField extends AccountedField {
  /** The fields below that the row stands for, when it stands for all that there are. */
  below: readonly string[];
}

/** Joins fields that are refused for one reason into a row for what holds all of them. */
function group(fields: readonly AccountedField[]): GroupedField[] {
  const rows: GroupedField[] = [];
  const taken = new Set<AccountedField>();
  for (const field of fields) {
    if (taken.has(field)) continue;
    const holder = field.status === "refused" ? holderOf(field, fields) : undefined;
    if (holder === undefined) {
      rows.push({ ...field, below: [] });
      continue;
    }
    const members = fields.filter(({ path }) => isBelow(holder, path));
    for (const member of members) taken.add(member);
    rows.push({ ...field, path: holder, below: members.map(({ path }) => path.slice(holder.length + 1)) });
  }
  return rows;
}

/** The outermost path below `spec` under which everything has this field's text. */
function holderOf({ path, text }: AccountedField, fields: readonly AccountedField[]): string | undefined {
  const parts = path.split(".");
  const holders = parts.map((_, index) => parts.slice(0, index + 1).join(".")).slice(0, -1);
  return holders.find(
    (holder) => holder !== "spec" && fields.every((other) => !isBelow(holder, other.path) || other.text === text),
  );
}

const isBelow = (holder: string, path: string): boolean => path.startsWith(`${holder}.`);

const linkTo = (problem: string): string => `[${code(problem)}](problems.md#${problem})`;

/** A link to a section of the page, whose anchor is made of its title. */
const linkWithin = (title: string): string =>
  `[${title}](#${title
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .replaceAll(" ", "-")})`;
