import { defineCommand } from "citty";
import { explainUnreadable } from "../dev/explain-unreadable.ts";
import { guardChildren } from "../dev/guard-children.ts";
import { parseEntryPointOptions } from "./entry-point-options.ts";
import { checkArguments, UsageError } from "./outcome.ts";
import { readSpiffeEndpoint } from "./relay-flags.ts";
import { reportDev } from "./report-dev.ts";

const args = {
  dir: { type: "positional", description: "Folder of manifests (or one file)", required: true },
  config: { type: "string", description: "Traefik's static configuration (YAML or TOML)", valueHint: "FILE" },
  entrypoint: {
    type: "string",
    description: "Where an entry point listens; can be given more than once",
    valueHint: "name=host:port",
  },
  "access-log": { type: "boolean", description: "Print a line for each request when it has been answered" },
  watch: { type: "boolean", default: true, description: "Follow edits", negativeDescription: "Do not follow edits" },
} as const;

export const dev = defineCommand({
  meta: {
    name: "dev",
    description: "Serve a folder of manifests on this machine, and follow every edit",
  },
  args,
  async run({ args: given, rawArgs }) {
    const { dir, config, watch } = given;
    try {
      checkArguments(given, args);
      guardChildren();
      const entryPoints = parseEntryPointOptions(rawArgs);
      const log = (level: string, message: string): void => console.error(`${level}: ${message.trimEnd()}`);
      // Takes a second to load, which those who ask for help or mistype an option need not wait for.
      const { startDev } = await import("../dev/start-dev.ts");
      const spiffeEndpoint = readSpiffeEndpoint(undefined, process.env.SPIFFE_ENDPOINT_SOCKET);
      const running = await startDev({
        dir,
        watch,
        log,
        entryPoints,
        accessLog: given["access-log"] === true,
        writeAccess: (line) => console.log(line.trimEnd()),
        ...(config !== undefined && { config }),
        ...(spiffeEndpoint !== undefined && { spiffeEndpoint }),
      });
      // Before anything is told: whoever reads that Ctrl-C stops may press it at once.
      const ended = endOfSession();
      reportDev(running, { dir, watch });
      await ended;
      await running.close();
      process.exit(0);
    } catch (error) {
      console.error(`error: ${explainUnreadable(error, dir)}`);
      process.exit(error instanceof UsageError ? 2 : 1);
    }
  },
});

/**
 * Resolves at the first Ctrl-C or request to stop, or when the program that started this one to have a newer Node is
 * gone; the second one ends the process at once.
 */
function endOfSession(): Promise<void> {
  return new Promise((resolve) => {
    process.once("disconnect", resolve);
    process.channel?.unref();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      // Miniflare's own handlers end the process before anything else can be closed.
      process.removeAllListeners(signal);
      process.once(signal, () => {
        process.on(signal, () => process.exit(130));
        resolve();
      });
    }
  });
}
