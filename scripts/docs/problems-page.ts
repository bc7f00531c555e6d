import { problemCodes } from "../../sync-agent/translate/problem-codes.ts";
import { page } from "./page.ts";

export function problemsPage(): string {
  const sections = Object.entries(problemCodes).map(([code, text]) => `## ${code}\n\n${text}\n`);
  return page(
    "Problems",
    "What `sluice` reports about manifests and configuration. A code never changes its meaning.",
    sections,
  );
}
