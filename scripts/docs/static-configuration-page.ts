import { type Field, formOf } from "../../sync-agent/config/read-yaml.ts";
import { staticSchema } from "../../sync-agent/config/static-schema.ts";
import { code, page, tableSection } from "./page.ts";

export function staticConfigurationPage(): string {
  const rows = rowsOf(staticSchema, "");
  const isUsed = ([, what]: readonly string[]): boolean => !what?.startsWith("not used");
  return page(
    "Static configuration",
    "The keys of Traefik's static configuration (YAML or TOML) that `--config FILE` reads, in any case. A key in neither list is reported with the nearest name. What the access log and the times under `transport` do is told in [entry points](entry-points.md#access-log).",
    [
      tableSection("Read", ["key", "value"], rows.filter(isUsed)),
      tableSection(
        "Known, and of no effect",
        ["key", "where it is decided"],
        rows
          .filter((row) => !isUsed(row))
          .map(([key = "", what = ""]) => [key, what.replace(/^not used: ?/, "") || "nothing does it yet"]),
      ),
    ],
  );
}

function rowsOf(field: Field<unknown>, path: string): string[][] {
  const form = formOf(field);
  if (form === undefined) throw new Error(`the form of ${path} is not known`);
  if ("fields" in form) {
    return Object.entries(form.fields).flatMap(([name, inner]) =>
      rowsOf(inner, path === "" ? name : `${path}.${name}`),
    );
  }
  if ("entries" in form) return rowsOf(form.entries, `${path}.<name>`);
  return [[code(path), "value" in form ? form.value : `not used: ${form.unused}`]];
}
