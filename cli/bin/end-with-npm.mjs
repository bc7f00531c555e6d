const CHECK_INTERVAL_MS = 1000;

/**
 * Calls `end` when npm, as whose foreground command this process runs, is gone. npm's shell does not pass on the signal
 * that ends it, so that `kill` of `npx sluice dev` alone would leave the program behind, its ports taken. Whoever starts
 * it otherwise, or in the background of a script, keeps it: then the shell's end says nothing.
 *
 * @param {() => void} end
 */
export function endWithNpm(end) {
  const script = process.env.npm_lifecycle_script ?? "";
  const isInBackground = /(?<!&)&(?!&)/.test(script);
  if (!script.includes("sluice") || isInBackground) return;
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    end();
  }, CHECK_INTERVAL_MS);
  timer.unref();
}
