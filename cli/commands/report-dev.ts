import type { Dev } from "../dev/start-dev.ts";
import { colorsFor } from "../print/colors.ts";
import { formatProblem, type PrintableProblem, problemKey } from "../print/format-problem.ts";
import { nothingRead } from "../print/nothing-read.ts";
import { type ListeningEntryPoint, newlyListening, startPage } from "../print/start-page.ts";

const LOOPBACK = /^(127\.|::1$|localhost$)/;

type ReportedDev = Pick<Dev, "doors" | "hatches" | "table" | "problems" | "amount" | "events">;

const entryPointsOf = (dev: ReportedDev): ListeningEntryPoint[] => [
  ...dev.doors(),
  ...dev.hatches().map((hatch) => ({ ...hatch, tls: false, protocol: "udp" as const })),
];

/** Tells at the terminal what `sluice dev` serves, and with each edit what has changed. */
export function reportDev(dev: ReportedDev, { dir, watch }: { dir: string; watch: boolean }): void {
  const colors = colorsFor(process.stdout);
  let known = new Set<string>();

  const reportProblems = (problems: readonly PrintableProblem[]): void => {
    const fresh = problems.filter((problem) => !known.has(problemKey(problem)));
    const left = new Set(problems.map(problemKey));
    const solved = [...known].filter((key) => !left.has(key)).length;
    known = left;
    if (solved > 0 && left.size === 0) console.log(colors.green("No problems left."));
    else if (solved > fresh.length) console.log(colors.green(`Problems left: ${left.size}.`));
    for (const problem of fresh) console.error(`${formatProblem(problem, colorsFor(process.stderr))}\n`);
  };

  reportProblems(dev.problems());
  let open = entryPointsOf(dev);
  console.log(startPage(dev.table(), open, colors).join("\n"));
  const reason = nothingRead(dir, dev.amount());
  // What cannot be read for errors has been told of.
  const hasErrors = dev.problems().some(({ severity }) => severity === "error");
  if (reason !== undefined && !hasErrors) console.log(colors.yellow(reason));
  for (const { name, host } of dev.doors().filter((door) => !LOOPBACK.test(door.host))) {
    const advice =
      "local sockets do not tell who connects, so every client counts as 127.0.0.1 (rules with ClientIP, trusted addresses)";
    console.log(`\n${colors.yellow(`${name} listens on ${host}`)}: ${advice}`);
  }
  console.log(`\n${watch ? `Following edits in ${dir}. ` : ""}Ctrl-C stops.`);

  dev.events.on("published", ({ generation, table }) => {
    const count = table.routers.length + table.tcpRouters.length + table.udpRouters.length;
    console.log(colors.green(`Generation ${generation} is served: ${count} ${count === 1 ? "route" : "routes"}`));
  });
  dev.events.on("loaded", () => {
    const now = entryPointsOf(dev);
    for (const line of newlyListening(open, now, dev.table(), colors)) console.log(line);
    open = now;
    reportProblems(dev.problems());
  });
}
