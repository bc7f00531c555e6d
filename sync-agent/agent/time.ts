/** Resolves after some milliseconds; rejects with the signal's reason when that is aborted before. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * Runs work with a signal that is aborted after `ms` or with `outer`. Rejects then, even if the work does not listen
 * to the signal.
 */
export async function limited<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { ms, signal: outer }: { ms: number; signal: AbortSignal },
): Promise<T> {
  const aborter = new AbortController();
  const onOuter = (): void => aborter.abort(outer.reason);
  if (outer.aborted) onOuter();
  outer.addEventListener("abort", onOuter, { once: true });
  const timer = setTimeout(() => aborter.abort(new Error(`no end after ${ms / 1000} s`)), ms);
  const { signal } = aborter;
  try {
    return await new Promise<T>((resolve, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      work(signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", onOuter);
  }
}
