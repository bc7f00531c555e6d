import { startCpuWatch } from "./cpu-time.ts";
import { type MeasuredWorkerd, startMeasuredWorkerd } from "./measured-workerd.ts";
import { encodeRequest, RequestConnection } from "./request-connection.ts";
import { makeTable, targetsOf } from "./route-table.ts";

/** An isolate's first request: root and leaves are read from KV, parsed and compiled. */
export interface ColdResult {
  name: string;
  /** Of each isolate, in the order in which they began; the few's and the many's take turns. */
  milliseconds: number[];
  /** Of the whole workerd: the KV that it plays included. */
  cpuMilliseconds: number[];
}

const SIZES = [
  { name: "10 routes", key: "few", routes: 10 },
  { name: "10,000 routes", key: "many", routes: 10_000 },
] as const;

/** The first isolates find KV and the data centre's cache as cold as themselves. */
const DISCARDED = 2;

/** The first request of many isolates of one workerd, with few routes and with many in turn. */
export async function measureCold(isolates: number, originPort: number): Promise<[few: ColdResult, many: ColdResult]> {
  const tables = { few: makeTable(SIZES[0].routes), many: makeTable(SIZES[1].routes) };
  const numbers = Array.from({ length: isolates + DISCARDED }, (_, at) => at);
  const edges = Object.fromEntries(
    numbers.flatMap((at) => SIZES.map(({ key }) => [`${key}-${at}`, tables[key]] as const)),
  );
  const workerd = await startMeasuredWorkerd({ originPort, edges });
  const measured = { few: [] as FirstRequest[], many: [] as FirstRequest[] };
  try {
    for (const at of numbers) {
      for (const { key, routes } of SIZES) {
        const first = await requestFirst(workerd, `${key}-${at}`, routes, at);
        if (at >= DISCARDED) measured[key].push(first);
      }
    }
  } finally {
    await workerd.close();
  }
  const resultOf = ({ name, key }: (typeof SIZES)[number]): ColdResult => ({
    name,
    milliseconds: measured[key].map(({ milliseconds }) => milliseconds),
    cpuMilliseconds: measured[key].map(({ cpuMilliseconds }) => cpuMilliseconds),
  });
  return [resultOf(SIZES[0]), resultOf(SIZES[1])];
}

interface FirstRequest {
  milliseconds: number;
  cpuMilliseconds: number;
}

async function requestFirst(
  workerd: MeasuredWorkerd,
  worker: string,
  routes: number,
  at: number,
): Promise<FirstRequest> {
  const targets = targetsOf(routes, "plain");
  const target = targets[(at * 7919) % targets.length];
  if (target === undefined) throw new Error("no targets");
  const connection = await RequestConnection.open(workerd.port(worker));
  const request = encodeRequest(target);
  const readCpu = startCpuWatch(workerd.pid);
  const began = performance.now();
  const head = await connection.send(request);
  const milliseconds = performance.now() - began;
  const cpuMilliseconds = readCpu() / 1000;
  connection.close();
  if (!head.startsWith("HTTP/1.1 200 ")) throw new Error(head);
  return { milliseconds, cpuMilliseconds };
}
