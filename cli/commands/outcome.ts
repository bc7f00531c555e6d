import type { ArgsDef } from "citty";
import { nearestName } from "../../src/rule/nearest-name.ts";
import { ConfigError } from "../../sync-agent/config/parse-config.ts";
import { explainUnreadable } from "../dev/explain-unreadable.ts";
import { camelCase } from "./read-flags.ts";

/** What a command that only reads comes to. */
export interface Outcome {
  /** 0: all is well. 1: the manifests have errors. 2: the command cannot be carried out as it was given. */
  exitCode: 0 | 1 | 2;
  stdout: string;
  stderr: string;
}

/** Arguments that cannot be used; the message is for the user. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Carries a command out, and tells in one line what cannot be used. Faults of Sluice itself are thrown. */
export async function outcomeOf(name: string, run: () => Promise<Outcome>, what?: "folder" | "file"): Promise<Outcome> {
  try {
    return await run();
  } catch (error) {
    const isUsers = error instanceof UsageError || error instanceof ConfigError || isSystemError(error);
    if (!isUsers) throw error;
    return { exitCode: 2, stdout: "", stderr: `error: ${explainUnreadable(error, name, what)}\n` };
  }
}

const isSystemError = (error: unknown): boolean => error instanceof Error && "syscall" in error;

/** Writes an outcome, and leaves its code for the end of the process, when all is written. */
export function report({ exitCode, stdout, stderr }: Outcome): void {
  // A reader such as `head` may have seen enough before the end.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = exitCode;
}

/** @throws UsageError for an option that is not one of the command's or has no value, and for an argument too many */
export function checkArguments(given: Readonly<Record<string, unknown>>, known: ArgsDef): void {
  const spelled = Object.entries(known).flatMap(([name, definition]) => {
    const { alias = [] } = definition as { alias?: string | string[] };
    return [name, camelCase(name), ...[alias].flat()];
  });
  const unknown = Object.keys(given).find((name) => name !== "_" && !spelled.includes(name));
  if (unknown !== undefined) {
    const nearest = nearestName(unknown, Object.keys(known));
    const advice = nearest === undefined ? " (--help lists them)" : `; did you mean --${nearest}?`;
    throw new UsageError(`there is no option ${unknown.length === 1 ? "-" : "--"}${unknown}${advice}`);
  }
  const bare = Object.keys(known).find((name) => known[name]?.type === "string" && given[name] === "");
  if (bare !== undefined) throw new UsageError(`--${bare} needs a value`);
  const room = Object.values(known).filter(({ type }) => type === "positional").length;
  const surplus: unknown = Array.isArray(given._) ? given._[room] : undefined;
  if (surplus !== undefined) throw new UsageError(`one argument too many: ${String(surplus)}`);
}
