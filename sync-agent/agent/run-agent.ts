import { destination, pino } from "pino";
import type { AgentSettings } from "./agent-settings.ts";
import { dryRun } from "./dry-run.ts";
import type { OpenPublishing } from "./publishing.ts";
import { startAgent } from "./start-agent.ts";

/**
 * Runs the agent until it is told to stop. Logs are JSON lines on standard output, with `--dry-run` on standard error.
 *
 * @returns the exit code
 * @throws what keeps it from starting
 */
export async function runAgent(settings: AgentSettings, open: OpenPublishing): Promise<number> {
  const log = pino(
    {
      level: settings.logLevel,
      base: { publisher: settings.publisher, identity: settings.identity },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    destination({ fd: settings.isDryRun ? 2 : 1, sync: true }),
  );
  const end = endOfProcess();
  if (settings.isDryRun) {
    const plan = await dryRun(settings, log, open);
    process.stdout.write(plan);
    return 0;
  }
  const running = await startAgent(settings, log, open);
  log.info({ signal: await end }, "stopping");
  await running.stop();
  log.info({}, "stopped");
  return 0;
}

/**
 * Resolves at the first request to stop, or when the program that started this one to have a newer Node is gone; the
 * second one ends the process at once.
 */
function endOfProcess(): Promise<string> {
  return new Promise((resolve) => {
    process.once("disconnect", () => resolve("disconnect"));
    process.channel?.unref();
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      process.once(signal, () => {
        process.on(signal, () => process.exit(130));
        resolve(signal);
      });
    }
  });
}
