import { readFile } from "node:fs/promises";
import { SettingsError } from "./agent-settings.ts";

/**
 * The content of a file that a flag names, without white space around it.
 *
 * @throws SettingsError when it cannot be read or is empty
 */
export async function readSettingsFile(flag: string, file: string): Promise<string> {
  const content = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new SettingsError(`--${flag} ${file} cannot be read (${cause.code ?? cause.message})`);
  });
  if (content.trim() === "") throw new SettingsError(`--${flag} ${file} is empty`);
  return content.trim();
}
