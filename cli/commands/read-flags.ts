import type { ArgsDef } from "citty";
import { type FlagValues, SettingsError } from "../../sync-agent/agent/agent-settings.ts";

/**
 * The flags of a command line, and for those that are not there the environment: `--log-level` is SLUICE_LOG_LEVEL,
 * `--no-lease` SLUICE_NO_LEASE=true.
 *
 * @param given what citty made of the command line
 * @throws SettingsError for what is no flag
 */
export function readFlags(
  given: Readonly<Record<string, unknown>>,
  known: ArgsDef,
  env: Readonly<Record<string, string | undefined>>,
): FlagValues {
  const { _: positional, ...named } = given;
  if (Array.isArray(positional) && positional.length > 0) {
    throw new SettingsError(`there is nothing to be named without a flag: ${String(positional[0])}`);
  }
  const names = Object.keys(known);
  const spelled = new Set(names.flatMap((name) => [name, camelCase(name)]));
  const unknown = Object.keys(named).find((name) => !spelled.has(name));
  if (unknown !== undefined) throw new SettingsError(`there is no flag --${unknown}`);
  return Object.fromEntries(
    names.map((name) => {
      const flag = named[name];
      if (typeof flag === "string" || typeof flag === "boolean") return [name, flag];
      return [name, readVariable(name.toUpperCase().replaceAll("-", "_"), known[name]?.type, env)];
    }),
  );
}

function readVariable(
  name: string,
  type: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | boolean | undefined {
  const isDenied = readBoolean(`SLUICE_NO_${name}`, env);
  if (isDenied !== undefined) return !isDenied;
  return type === "boolean" ? readBoolean(`SLUICE_${name}`, env) : env[`SLUICE_${name}`] || undefined;
}

function readBoolean(variable: string, env: Readonly<Record<string, string | undefined>>): boolean | undefined {
  const value = env[variable];
  if (value === undefined || value === "") return undefined;
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  if (/^(0|false|no|off)$/i.test(value)) return false;
  throw new SettingsError(`${variable}=${value} is neither true nor false`);
}

/** How citty spells a flag a second time. */
export const camelCase = (name: string): string =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
