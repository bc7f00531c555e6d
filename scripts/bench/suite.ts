import type { Spread } from "./spread.ts";

/** What a suite is told. */
interface BenchOptions {
  /** Fewer and shorter rounds: a direction, no figure to keep. */
  quick: boolean;
  /** A folder for profiles; undefined for none. */
  profileDir: string | undefined;
}

/** A number that is kept from one run to the next. */
export interface Figure {
  value: number;
  /** Where it is the median of several. */
  spread?: Spread;
  /** What it must reach, or must not pass. */
  atLeast?: number;
  atMost?: number;
}

/** What a suite found out. */
export interface BenchReport {
  /** A table for people, of all that was measured. */
  lines: readonly string[];
  figures: Readonly<Record<string, Figure>>;
}

export type Suite = (options: BenchOptions) => Promise<BenchReport>;
