import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { defineCommand } from "citty";
import { decodeText } from "../../sync-agent/source/decode-text.ts";
import { importFile } from "../import/import-file.ts";
import { type Colors, colorsFor } from "../print/colors.ts";
import { formatProblem } from "../print/format-problem.ts";
import { checkArguments, type Outcome, outcomeOf, report, UsageError } from "./outcome.ts";

export interface ImportOptions {
  file: string | undefined;
  colors?: Colors;
  cwd?: string;
}

/** `sluice import`: exit code 1 when something cannot be said in today's words, 2 when the file cannot be read. */
export function runImport({ file, colors, cwd = process.cwd() }: ImportOptions): Promise<Outcome> {
  const read = async (): Promise<Outcome> => {
    if (file === undefined) throw new UsageError("name the file: sluice import FILE");
    const content = decodeText(await readFile(resolve(cwd, file)));
    if (content === undefined) throw new UsageError(`${file}: it is not text`);
    const { form, yaml, problems } = importFile(content, file);
    const said = problems.map((problem) => `${formatProblem(problem, colors)}\n`);
    return {
      exitCode: problems.some(({ severity }) => severity === "error") ? 1 : 0,
      stdout: yaml,
      stderr: [...said, `${file}: ${form}\n`].join("\n"),
    };
  };
  return outcomeOf(file ?? "", read, "file");
}

const args = {
  file: {
    type: "positional",
    description:
      "Traefik's settings in any form: its file (1.x to 3.x, YAML or TOML), its command line, its chart's values",
    required: false,
  },
} as const;

const importSettings = defineCommand({
  meta: { name: "import", description: "Say Traefik's settings as the static configuration that --config reads" },
  args,
  async run({ args: given }) {
    const outcome = await outcomeOf(given.file ?? "", async () => {
      checkArguments(given, args);
      return runImport({ file: given.file, colors: colorsFor(process.stderr) });
    });
    report(outcome);
  },
});

export { importSettings as import };
