import { stripVTControlCharacters } from "node:util";
import { type CommandDef, renderUsage, runCommand, runMain } from "citty";
import { nearestName } from "../src/rule/nearest-name.ts";
import { colorsFor } from "./print/colors.ts";

/**
 * Runs the command that a command line names. Where it names none, or leaves out what the command needs, that is told in
 * one line, and the exit code is 2: what it would print otherwise is not what a script wants to read.
 */
export async function runProgram(program: CommandDef, rawArgs: string[] = process.argv.slice(2)): Promise<void> {
  const [first = "--help"] = rawArgs;
  if (["--version", "-v"].includes(first) || [first, ...rawArgs].some((arg) => arg === "--help" || arg === "-h")) {
    await runMain(program, { rawArgs: [first, ...rawArgs.slice(1)], showUsage: printUsage });
    return;
  }
  const commands = Object.keys(program.subCommands ?? {});
  if (!first.startsWith("-") && !commands.includes(first)) {
    const nearest = nearestName(first, commands);
    const advice = nearest === undefined ? ": sluice --help lists them" : `; did you mean ${nearest}?`;
    refuse(`there is no command ${first}${advice}`);
    return;
  }
  try {
    await runCommand(program, { rawArgs });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "CLIError") throw error;
    const reason = stripVTControlCharacters(error.message).replace(/^./, (letter) => letter.toLowerCase());
    refuse(`${reason.replace(/\.$/, "")} (sluice ${commands.includes(first) ? `${first} ` : ""}--help tells more)`);
  }
}

function refuse(message: string): void {
  console.error(`error: ${message}`);
  process.exitCode = 2;
}

const printUsage: typeof import("citty").showUsage = async (command, parent) => {
  const usage = await renderUsage(command, parent);
  // Made for a terminal whatever it is printed to.
  const isColored = colorsFor(process.stdout).isColorSupported;
  console.log(isColored ? usage : stripVTControlCharacters(usage));
};
