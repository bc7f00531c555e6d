import { defineCommand } from "citty";
import { checkFolder } from "../check/check-folder.ts";
import { formatReport, hasErrors, reportJson } from "../check/format-report.ts";
import { type Colors, colorsFor } from "../print/colors.ts";
import { checkArguments, type Outcome, outcomeOf, report, UsageError } from "./outcome.ts";

export interface CheckOptions {
  dir: string | undefined;
  config?: string | undefined;
  json?: boolean;
  colors?: Colors;
  cwd?: string;
}

/** `sluice check`: exit code 1 when there are errors, 2 when the folder or the configuration cannot be used. */
export function runCheck({ dir, config, json = false, colors, cwd = process.cwd() }: CheckOptions): Promise<Outcome> {
  return outcomeOf(dir ?? "", async () => {
    if (dir === undefined) throw new UsageError("name the folder of manifests: sluice check DIR");
    const result = await checkFolder({ dir, cwd, ...(config !== undefined && { config }) });
    const stdout = json ? reportJson(result) : formatReport(result, colors);
    return { exitCode: hasErrors(result.problems) ? 1 : 0, stdout, stderr: "" };
  });
}

const args = {
  dir: { type: "positional", description: "Folder of manifests (or one file)", required: false },
  config: { type: "string", description: "Traefik's static configuration (YAML or TOML)", valueHint: "FILE" },
  json: { type: "boolean", description: "Print the problems as a JSON array" },
} as const;

export const check = defineCommand({
  meta: { name: "check", description: "Tell what is wrong with a folder of manifests, and where" },
  args,
  async run({ args: given }) {
    const { dir, config, json } = given;
    const outcome = await outcomeOf(dir ?? "", async () => {
      checkArguments(given, args);
      return runCheck({ dir, config, json: json ?? false, colors: colorsFor(process.stdout) });
    });
    report(outcome);
  },
});
