import { formatColumns, formatSpread } from "./format.ts";
import type { Figure } from "./suite.ts";

/** The table of all figures, with what each must reach and whether it does. */
export const formatFigures = (figures: Readonly<Record<string, Figure>>): string[] =>
  formatColumns([
    ["figure", "median (middle half)", "must be", ""],
    ...Object.entries(figures).map(([name, figure]) => {
      const digits = digitsOf(figure.value);
      const value = figure.spread === undefined ? figure.value.toFixed(digits) : formatSpread(figure.spread, digits);
      return [name, value, formatGoal(figure), hasGoal(figure) ? (isReached(figure) ? "ok" : "MISSED") : ""];
    }),
  ]);

/** Whether a figure is within what it must reach and not pass. What could not be measured is not. */
const isReached = ({ value, atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY }: Figure) =>
  value >= atLeast && value <= atMost;

const hasGoal = ({ atLeast, atMost }: Figure): boolean => atLeast !== undefined || atMost !== undefined;

const formatGoal = ({ atLeast, atMost }: Figure): string =>
  atLeast !== undefined ? `>= ${atLeast}` : atMost !== undefined ? `<= ${atMost}` : "";

/** Ratios need three decimals, hundreds of nanoseconds none. */
const digitsOf = (value: number): number => (Math.abs(value) < 2 ? 3 : Math.abs(value) < 100 ? 1 : 0);
