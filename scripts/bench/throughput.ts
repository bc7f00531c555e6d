import { type Child, startChild } from "./child.ts";
import { startCpuWatch } from "./cpu-time.ts";
import type { LoadOrder } from "./load.ts";
import { type MeasuredWorkerd, startMeasuredWorkerd } from "./measured-workerd.ts";
import type { OriginCounts } from "./origin.ts";
import { passthroughs } from "./passthroughs.ts";
import { makeTable, type RequestTarget, targetsOf } from "./route-table.ts";
import { type Spread, spreadOf } from "./spread.ts";

/** One Worker under one kind of request. */
export interface Variant {
  name: string;
  worker: string;
  targets: readonly RequestTarget[];
  /** Requests that the origin gets for each of the client's, and how many carry a hop. */
  expected: OriginCounts;
}

export interface VariantResult {
  name: string;
  /** Microseconds of workerd's CPU for a request, the runtime's own included. */
  microseconds: Spread;
  /** Requests per CPU second as a share of what the bare Worker made of the same round. */
  ofBare: Spread;
  /** The same as a share of what the Worker made of 10 routes. */
  ofFew: Spread;
  requestsPerSecond: number;
}

export interface ThroughputOptions {
  rounds: number;
  /** Of each variant in each round. */
  requests: number;
  originPort: number;
  origin: Child;
}

const CONNECTIONS = 32;
const WARM_UP_ROUNDS = 2;
const MANY = 10_000;
const FEW = 10;

const plain = targetsOf(MANY, "plain");
const once = { requests: 1, hops: 1 };

const bare: Variant = { name: "bare", worker: "bare", targets: plain, expected: { requests: 1, hops: 0 } };
const few: Variant = { name: "10 routes", worker: "few", targets: targetsOf(FEW, "plain"), expected: once };

/** What is compared with the bare Worker, each the whole of what Sluice does. */
export const edgeVariants: readonly Variant[] = [
  few,
  { name: "10,000 routes", worker: "many", targets: plain, expected: once },
  { name: "five middlewares", worker: "many", targets: targetsOf(MANY, "middlewares"), expected: once },
  { name: "sticky", worker: "many", targets: targetsOf(MANY, "sticky"), expected: once },
  { name: "mirror", worker: "many", targets: targetsOf(MANY, "mirror"), expected: { requests: 2, hops: 2 } },
];

/** The bare Worker and the steps from it to the whole. */
const stepVariants: readonly Variant[] = [
  bare,
  { name: "bare, to the gateway", worker: "address", targets: plain, expected: bare.expected },
  { name: "bare, with a hop", worker: "hop", targets: plain, expected: once },
];

export const startEdges = (originPort: number, inspectorPort?: number): Promise<MeasuredWorkerd> =>
  startMeasuredWorkerd({
    originPort,
    edges: { few: makeTable(FEW), many: makeTable(MANY) },
    others: passthroughs,
    inspectorPort,
  });

/** Whole requests through each variant, in alternating rounds of one workerd. */
export async function measureThroughput(options: ThroughputOptions): Promise<VariantResult[]> {
  const { rounds, requests, origin } = options;
  const workerd = await startEdges(options.originPort);
  const load = await startChild("./load.ts");
  const variants = [...stepVariants, ...edgeVariants];
  const measured = new Map(variants.map(({ name }) => [name, [] as Round[]]));
  const run = (variant: Variant, count: number, first: number) =>
    runRound(variant, { workerd, load, origin, requests: count, first });
  try {
    // Each route is asked for once: its services are compiled and have their tokens, as in an isolate that is in use.
    for (const variant of edgeVariants) await run(variant, variant.targets.length, 0);
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      // Each round begins elsewhere: what one variant leaves behind for the next to clean up, each gets in turn.
      for (let step = 0; step < variants.length; step++) {
        const variant = variants[(step + round + variants.length) % variants.length] ?? bare;
        const result = await run(variant, requests, (round + WARM_UP_ROUNDS) * requests);
        if (round >= 0) measured.get(variant.name)?.push(result);
      }
    }
  } finally {
    load.close();
    await workerd.close();
  }
  const roundsOf = ({ name }: { name: string }): readonly Round[] => measured.get(name) ?? [];
  return variants.map((variant) => {
    const own = roundsOf(variant);
    return {
      name: variant.name,
      microseconds: spreadOf(own.map(({ microseconds }) => microseconds)),
      ofBare: sharesOf(roundsOf(bare), own),
      ofFew: sharesOf(roundsOf(few), own),
      requestsPerSecond: spreadOf(own.map(({ requestsPerSecond }) => requestsPerSecond)).median,
    };
  });
}

const sharesOf = (baseline: readonly Round[], own: readonly Round[]): Spread =>
  spreadOf(own.map(({ microseconds }, at) => (baseline[at]?.microseconds ?? Number.NaN) / microseconds));

interface Round {
  microseconds: number;
  requestsPerSecond: number;
}

interface RoundOptions {
  workerd: MeasuredWorkerd;
  load: Child;
  origin: Child;
  requests: number;
  /** Which of the variant's targets is the first. */
  first: number;
}

/** One round, held to what the origin saw of it. */
export async function runRound(
  { name, worker, targets, expected }: Variant,
  { workerd, load, origin, requests, first }: RoundOptions,
): Promise<Round> {
  await origin.call<OriginCounts>("take");
  const order: LoadOrder = { port: workerd.port(worker), targets, connections: CONNECTIONS, requests, first };
  const readCpu = startCpuWatch(workerd.pid);
  const { seconds } = await load.call<{ seconds: number }>("run", order);
  const microseconds = readCpu() / requests;
  const counts = await origin.call<OriginCounts>("take");
  // A mirror's copies may still be under way when the last answer has come.
  const late = expected.requests > 1 ? CONNECTIONS : 0;
  for (const what of ["requests", "hops"] as const) {
    if (Math.abs(counts[what] - requests * expected[what]) > late) {
      throw new Error(`${name}: the origin counted ${counts[what]} ${what} for ${requests} of the client`);
    }
  }
  return { microseconds, requestsPerSecond: requests / seconds };
}
