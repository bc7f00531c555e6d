/**
 * Resolves at the first request to stop, or when the program that started this one to have a newer Node is gone; the
 * second one ends the process at once.
 *
 * @returns the signal
 */
export function endOfProcess(): Promise<string> {
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
