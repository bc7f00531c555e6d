/** How often a property is tried. `FUZZ_RUNS=20 npx vitest run test/hostile` tries twenty times as often. */
export const fuzzRuns = (runs: number): { numRuns: number } => ({
  numRuns: Math.ceil(runs * Number(process.env.FUZZ_RUNS ?? 1)),
});
