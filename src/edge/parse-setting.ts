import type { Env } from "../env.ts";
import type { Report } from "../observe/report.ts";

type JsonSetting = "ADMIN_KEYS" | "ENTRY_POINTS" | "HOP_KEY";

/**
 * A variable that holds a JSON object; undefined when it is not set, or empty. So is one that is no such thing: it is
 * reported (by its name alone, since it may be a secret), and what it is for is off. It takes no other request down.
 */
export function parseSetting<T extends object>(env: Env, name: JsonSetting, report: Report): T | undefined {
  const json = env[name];
  if (!json) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null) return value as T;
  } catch {
    // Its message quotes what it could not read.
  }
  report({ event: "setting-unreadable", setting: name, reason: "it is not a JSON object" });
  return undefined;
}
