import type { TcpRouter, UdpRouter } from "../../src/table/tcp.ts";
import type { Location } from "../../sync-agent/source/locate.ts";
import { plain } from "../print/colors.ts";
import { oneLine } from "../print/one-line.ts";
import type { StreamExplanation, StreamOptions } from "./explain-connection.ts";
import type { ExplanationContext } from "./format-explanation.ts";

/** As `ExplanationContext`, for routers of TCP and UDP. */
export interface ConnectionContext extends Pick<ExplanationContext, "colors"> {
  locate(router: TcpRouter | UdpRouter): { subject: string; location: Location | undefined } | undefined;
}

const MAX_CANDIDATES = 5;

/** The explanation of a connection or datagram as people read it. Ends with a newline. */
export function formatConnection(
  url: string,
  { client }: StreamOptions,
  explanation: StreamExplanation,
  context: ConnectionContext,
): string {
  const { colors = plain } = context;
  const { entryPoint, winner, guards, targets, closedBecause, candidates } = explanation;
  const sections: string[][] = [
    [
      colors.bold(url),
      ...(entryPoint === undefined ? [] : [`  entry point  ${entryPoint}`]),
      `  client       ${client}`,
    ],
  ];
  if (closedBecause !== undefined) {
    sections.push([`${colors.bold(colors.red("The relay sends nothing on"))}: ${oneLine(closedBecause)}`]);
  }
  if (winner !== undefined) sections.push(winnerLines(winner, context));
  if (guards.length > 0) sections.push([colors.bold("Middlewares"), ...guards.map((line) => `  ${line}`)]);
  if (targets.length > 0) {
    const lines = targets.flatMap(({ endpoints, percent, known, isLeftToCluster }) => [
      `  ${Math.round(percent * 100) / 100} %  ${colors.bold(endpoints)}`,
      ...(isLeftToCluster ? [colors.dim("    the cluster knows its Pods")] : []),
      ...known.map(({ address, port, state }) =>
        colors.dim(
          `    ${address.includes(":") ? `[${address}]` : address}:${port}${state === "ready" ? "" : ", ending"}`,
        ),
      ),
    ]);
    sections.push([colors.bold("Service"), ...lines]);
  }
  const lost = candidates.filter((candidate) => candidate.lost !== undefined);
  if (lost.length > 0) {
    const shown = lost
      .slice(0, MAX_CANDIDATES)
      .flatMap(({ router, lost: reason = "" }) => [
        `  ${"rule" in router ? oneLine(router.ruleText) : router.name}${placeOf(router, context)}`,
        `    ${oneLine(reason)}`,
      ]);
    const more = lost.length - MAX_CANDIDATES;
    sections.push([colors.bold("Others on the entry point"), ...shown, ...(more > 0 ? [`  … and ${more} more`] : [])]);
  }
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function winnerLines(router: TcpRouter | UdpRouter, context: ConnectionContext): string[] {
  const { colors = plain } = context;
  const head = `${colors.bold("Router")} ${router.name}${placeOf(router, context)}`;
  if (!("rule" in router)) return [head];
  const { ruleText, priority, tls } = router;
  const ends = `the relay ends it${tls?.options === undefined ? "" : `, as ${tls.options} says`}`;
  return [
    head,
    `  rule      ${oneLine(ruleText)}`,
    `  priority  ${priority}`,
    ...(tls === undefined ? [] : [`  TLS       ${tls.passthrough ? "is passed through to the Pod" : ends}`]),
  ];
}

function placeOf(router: TcpRouter | UdpRouter, { locate, colors = plain }: ConnectionContext): string {
  const found = locate(router);
  if (found === undefined) return "";
  const { subject, location } = found;
  const place = location === undefined ? "" : `${location.file}:${location.line}:${location.column}  `;
  return `\n    ${colors.blue("-->")} ${place}${colors.dim(subject)}`;
}
