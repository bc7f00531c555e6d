import { readSealKey } from "../translate/seal.ts";
import { type AgentSettings, SettingsError } from "./agent-settings.ts";
import { readSettingsFile } from "./read-settings-file.ts";

/**
 * The key that seals what the edge needs of Secrets; undefined when none is named.
 *
 * @throws SettingsError
 */
export async function loadSealKey({
  sealKeyFile,
}: Pick<AgentSettings, "sealKeyFile">): Promise<Uint8Array | undefined> {
  if (sealKeyFile === undefined) return undefined;
  const key = readSealKey(await readSettingsFile("seal-key-file", sealKeyFile));
  if (key !== undefined) return key;
  throw new SettingsError(
    `--seal-key-file ${sealKeyFile} holds no key: 32 bytes in base64, as \`openssl rand -base64 32\` makes them`,
  );
}
