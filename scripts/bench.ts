import { writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { formatFigures } from "./bench/format-figures.ts";
import type { Figure } from "./bench/suite.ts";
import { suites } from "./bench/suites.ts";

/** `npm run bench`: see docs/benchmark.md. */
const { values } = parseArgs({
  options: {
    json: { type: "string" },
    profile: { type: "string" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});

const names = values.only?.split(",") ?? Object.keys(suites);
const unknown = names.find((name) => !Object.hasOwn(suites, name));
if (unknown !== undefined) {
  console.error(`error: there is no suite ${unknown}; the suites are ${Object.keys(suites).join(", ")}`);
  process.exit(1);
}

const [load = 0] = loadavg();
console.log(`${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown CPU"}, Node ${process.version}`);
console.log(`${load.toFixed(1)} programs were running already: each that takes a core makes the spread wider\n`);
const figures: Record<string, Figure> = {};
for (const name of names) {
  const report = await suites[name]?.({ quick: values.quick, profileDir: values.profile });
  for (const line of report?.lines ?? []) console.log(line);
  console.log();
  Object.assign(figures, report?.figures);
}
for (const line of formatFigures(figures)) console.log(line);
if (values.json !== undefined) {
  const numbers = Object.fromEntries(Object.entries(figures).map(([name, { value }]) => [name, value]));
  await writeFile(values.json, `${JSON.stringify(numbers, null, 2)}\n`);
}
