/** Answers of one second. */
interface Second {
  total: number;
  networkErrors: number;
  byStatus: Map<number, number>;
}

/** Windows as Traefik has them: statuses of ten seconds, latencies of a minute in pieces of ten seconds. */
const STATUS_SECONDS = 10;
const LATENCY_PIECES = 6;
const PIECE_SECONDS = 10;

/** Latencies up to here are told apart by the millisecond, longer ones by two percent, up to an hour. */
const EXACT_MS = 200;
const STEP = Math.log(1.02);
const LONGEST_MS = 3_600_000;
const bucketOf = (ms: number): number =>
  ms < EXACT_MS ? Math.floor(ms) : EXACT_MS + Math.floor(Math.log(Math.min(ms, LONGEST_MS) / EXACT_MS) / STEP);
const BUCKETS = bucketOf(LONGEST_MS) + 1;
const leastOf = (bucket: number): number =>
  bucket < EXACT_MS ? bucket : Math.floor(EXACT_MS * Math.exp((bucket - EXACT_MS) * STEP));

/** The statuses that stand for a Pod which gave no answer. */
const NETWORK_ERRORS = new Set([502, 504]);

/** How the answers of late were. Moments are milliseconds on the caller's clock. */
export class AnswerMetrics {
  readonly #seconds = new Map<number, Second>();
  /** By the tens of seconds that they are of. */
  readonly #latencies = new Map<number, Uint32Array>();

  record(status: number, latencyMs: number, now: number): void {
    const at = Math.floor(now / 1000);
    let second = this.#seconds.get(at);
    if (second === undefined) {
      forget(this.#seconds, at - STATUS_SECONDS);
      second = { total: 0, networkErrors: 0, byStatus: new Map() };
      this.#seconds.set(at, second);
    }
    second.total++;
    if (NETWORK_ERRORS.has(status)) second.networkErrors++;
    second.byStatus.set(status, (second.byStatus.get(status) ?? 0) + 1);

    const pieceAt = Math.floor(at / PIECE_SECONDS);
    let piece = this.#latencies.get(pieceAt);
    if (piece === undefined) {
      forget(this.#latencies, pieceAt - LATENCY_PIECES);
      piece = new Uint32Array(BUCKETS);
      this.#latencies.set(pieceAt, piece);
    }
    const bucket = bucketOf(Math.max(0, latencyMs));
    piece[bucket] = (piece[bucket] ?? 0) + 1;
  }

  reset(): void {
    this.#seconds.clear();
    this.#latencies.clear();
  }

  /** 0 without answers. */
  networkErrorRatio(now: number): number {
    let [errors, total] = [0, 0];
    for (const second of this.#recent(now)) {
      errors += second.networkErrors;
      total += second.total;
    }
    return total === 0 ? 0 : errors / total;
  }

  /** Answers of the statuses `from` to below `to`, in proportion to those of the others; 0 without any of those. */
  responseCodeRatio(from: number, to: number, dividedByFrom: number, dividedByTo: number, now: number): number {
    let [some, all] = [0, 0];
    for (const { byStatus } of this.#recent(now)) {
      for (const [status, count] of byStatus) {
        if (status >= from && status < to) some += count;
        if (status >= dividedByFrom && status < dividedByTo) all += count;
      }
    }
    return all === 0 ? 0 : some / all;
  }

  /** Whole milliseconds, to two percent; 0 without answers. @param quantile in percent */
  latencyAtQuantile(quantile: number, now: number): number {
    const oldest = Math.floor(now / 1000 / PIECE_SECONDS) - LATENCY_PIECES;
    const pieces = [...this.#latencies].flatMap(([at, piece]) => (at > oldest ? [piece] : []));
    let total = 0;
    for (const piece of pieces) for (const count of piece) total += count;
    let left = Math.max(1, Math.round((Math.min(quantile, 100) / 100) * total));
    if (total === 0) return 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      for (const piece of pieces) left -= piece[bucket] ?? 0;
      if (left <= 0) return leastOf(bucket);
    }
    return LONGEST_MS;
  }

  *#recent(now: number): Generator<Second, void> {
    const oldest = Math.floor(now / 1000) - STATUS_SECONDS;
    for (const [at, second] of this.#seconds) if (at > oldest) yield second;
  }
}

/** What is of then or earlier; and what is of later than a clock says that was set back. */
function forget(entries: Map<number, unknown>, oldest: number): void {
  for (const at of entries.keys()) if (at <= oldest || at > oldest + 100) entries.delete(at);
}
