import { readdir } from "node:fs/promises";
import type { ArgDef, CommandDef } from "citty";
import { code, page, tableSection } from "./page.ts";

const folder = new URL("../../cli/commands/", import.meta.url);

/** The commands of `sluice`, as their own definitions have them. */
export async function commandsPage(): Promise<string> {
  const sections: string[] = [];
  for (const file of (await readdir(folder)).sort()) {
    const name = file.replace(/\.ts$/, "");
    const module = (await import(new URL(file, folder).href)) as Record<string, unknown>;
    const command = module[name];
    if (isCommand(command)) sections.push(describeCommand(name, command));
  }
  return page(
    "Commands",
    "`npx sluice COMMAND --help` prints the same. A value in parentheses is the default.",
    sections,
  );
}

interface ResolvedCommand {
  meta: { description?: string };
  args: Record<string, ArgDef>;
}

const isCommand = (value: unknown): value is CommandDef & ResolvedCommand =>
  typeof value === "object" && value !== null && "args" in value && "meta" in value && "run" in value;

function describeCommand(name: string, { meta, args }: ResolvedCommand): string {
  const positional = Object.entries(args).filter(([, { type }]) => type === "positional");
  const usage = ["sluice", name, ...positional.map(([key]) => key.toUpperCase()), "[OPTIONS]"].join(" ");
  const rows = Object.entries(args).map(([key, arg]) => [spell(key, arg), describeArgument(arg)]);
  const table = tableSection(name, ["argument", "what it is"], rows);
  return table.replace("\n\n", `\n\n${meta.description}.\n\n    ${usage}\n\n`);
}

const isOnByDefault = (arg: ArgDef): boolean => arg.type === "boolean" && arg.default === true;

const describeArgument = (arg: ArgDef): string =>
  (isOnByDefault(arg) && arg.type === "boolean" ? arg.negativeDescription : undefined) ?? arg.description ?? "";

function spell(key: string, arg: ArgDef): string {
  if (arg.type === "positional") return code(key.toUpperCase());
  const value = arg.type === "string" && arg.valueHint !== undefined ? ` ${arg.valueHint}` : "";
  const aliases = ("alias" in arg ? [arg.alias ?? []].flat() : []).map((alias) => code(`-${alias}${value}`));
  return [code(`--${isOnByDefault(arg) ? "no-" : ""}${key}${value}`), ...aliases].join(", ");
}
