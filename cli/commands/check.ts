import { defineCommand } from "citty";
import { checkFolder } from "../check/check-folder.ts";
import { formatReport, hasErrors, reportJson } from "../check/format-report.ts";
import { type Colors, colorsFor } from "../print/colors.ts";
import { nothingRead } from "../print/nothing-read.ts";
import { checkArguments, type Outcome, outcomeOf, report, UsageError } from "./outcome.ts";

export interface CheckOptions {
  dir: string | undefined;
  config?: string | undefined;
  json?: boolean;
  /** Nothing to check is no error. */
  allowEmpty?: boolean;
  colors?: Colors;
  cwd?: string;
}

/**
 * `sluice check`: exit code 1 when there are errors, 2 when the folder or the configuration cannot be used. A folder
 * with nothing to check counts as one that cannot be used: in a pipeline it is nearly always the wrong path.
 */
export function runCheck(options: CheckOptions): Promise<Outcome> {
  const { dir, config, json = false, allowEmpty = false, colors, cwd = process.cwd() } = options;
  return outcomeOf(dir ?? "", async () => {
    if (dir === undefined) throw new UsageError("name the folder of manifests: sluice check DIR");
    const result = await checkFolder({ dir, cwd, ...(config !== undefined && { config }) });
    const stdout = json ? reportJson(result) : formatReport(result, colors);
    if (hasErrors(result.problems)) return { exitCode: 1, stdout, stderr: "" };
    const reason = allowEmpty ? undefined : nothingRead(dir, result);
    if (reason === undefined) return { exitCode: 0, stdout, stderr: "" };
    const hasReport = json || result.problems.length > 0;
    return { exitCode: 2, stdout: hasReport ? stdout : "", stderr: `error: ${reason}; --allow-empty lets that pass\n` };
  });
}

const args = {
  dir: { type: "positional", description: "Folder of manifests (or one file)", required: false },
  config: { type: "string", description: "Traefik's static configuration (YAML or TOML)", valueHint: "FILE" },
  json: { type: "boolean", description: "Print the problems as a JSON array" },
  "allow-empty": { type: "boolean", description: "Pass a folder in which there is nothing to check" },
} as const;

export const check = defineCommand({
  meta: { name: "check", description: "Tell what is wrong with a folder of manifests, and where" },
  args,
  async run({ args: given }) {
    const { dir, config, json } = given;
    const outcome = await outcomeOf(dir ?? "", async () => {
      checkArguments(given, args);
      const allowEmpty = given["allow-empty"] ?? false;
      return runCheck({ dir, config, json: json ?? false, allowEmpty, colors: colorsFor(process.stdout) });
    });
    report(outcome);
  },
});
