/**
 * Writes the pages of docs/ that list what the code has. `--check` writes nothing and fails when a page is not
 * what the code says.
 */
import { readFile, writeFile } from "node:fs/promises";
import { annotationsPage } from "./docs/annotations-page.ts";
import { commandsPage } from "./docs/commands-page.ts";
import { judgeAll } from "./docs/compatibility/judge-all.ts";
import { compatibilityPage } from "./docs/compatibility-page.ts";
import { kindsPage } from "./docs/kinds-page.ts";
import { metricsPage } from "./docs/metrics-page.ts";
import { middlewaresPage } from "./docs/middlewares-page.ts";
import { problemsPage } from "./docs/problems-page.ts";
import { staticConfigurationPage } from "./docs/static-configuration-page.ts";

const pages: Record<string, string> = {
  "docs/annotations.md": annotationsPage(),
  "docs/commands.md": await commandsPage(),
  "docs/compatibility.md": compatibilityPage(await judgeAll()),
  "docs/kinds.md": kindsPage(),
  "docs/metrics.md": metricsPage(),
  "docs/middlewares.md": middlewaresPage(),
  "docs/problems.md": problemsPage(),
  "docs/static-configuration.md": staticConfigurationPage(),
};

const check = process.argv.includes("--check");
let stale = false;
for (const [path, text] of Object.entries(pages)) {
  if (!check) {
    await writeFile(path, text);
  } else if ((await readFile(path, "utf8").catch(() => "")) !== text) {
    console.error(`${path} is not what the code says: run \`npm run docs\` and commit it`);
    stale = true;
  }
}
if (stale) process.exitCode = 1;
