/** All times of following a cluster, in milliseconds. */
export interface ClusterTimes {
  /** For one page of a list, and for a watch to be accepted. */
  answerMs: number;
  /**
   * A watch that has said nothing for so long is taken for dead and begun again where it stood, which costs one request.
   * Servers send a bookmark each minute, spread by a quarter; but those of kinds that never change may send none.
   */
  silentMs: number;
  /** The same for endpoints: what is missed there are Pods that are gone. */
  endpointsSilentMs: number;
  /** A watch is asked to last between this and twice this, as client-go does, so that kinds do not meet. */
  watchMs: number;
  /** Everything is listed again after so long, up to a sixth more or less: it finds out what no watch tells. */
  relistMs: number;
  /** The first wait after a failure is at most this; it doubles with each. */
  backoffMs: number;
  longestBackoffMs: number;
  /** Waits begin short again after a watch that lasted this long. */
  healthyMs: number;
  /** Between two tries to read what is forbidden, up to twice this. */
  forbiddenRetryMs: number;
  /** Kinds that are forbidden are waited for so long before what else there is counts as all. */
  forbiddenDeadlineMs: number;
  /** Between two looks at which kinds there are. */
  discoverMs: number;
}

export const clusterTimes: ClusterTimes = {
  answerMs: 30_000,
  silentMs: 90_000,
  endpointsSilentMs: 30_000,
  watchMs: 300_000,
  relistMs: 1_800_000,
  backoffMs: 500,
  longestBackoffMs: 30_000,
  healthyMs: 10_000,
  forbiddenRetryMs: 30_000,
  forbiddenDeadlineMs: 10_000,
  discoverMs: 30_000,
};

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** From 0 up to 1. */
  random(): number;
  /** Resolves after the time, or at once when the signal is aborted; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  sleep(ms, signal) {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener("abort", end);
    });
  },
};
