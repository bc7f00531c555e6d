import { readdirSync, readFileSync } from "node:fs";

/** The workerd that this process started last. */
export function findWorkerd(): number {
  const children = readdirSync("/proc/self/task").flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, "utf8").split(" ").filter(Boolean),
  );
  const workerds = children.filter((pid) => readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "workerd");
  const newest = Math.max(...workerds.map(Number));
  if (!Number.isFinite(newest)) throw new Error("no workerd was started");
  return newest;
}

/** Microseconds of CPU by the threads of a process, to the nanosecond where `/proc/<pid>/stat` has clock ticks. */
type ThreadTimes = ReadonlyMap<string, number>;

/**
 * Starts a stopwatch of a process's CPU time.
 *
 * @returns what reads it, in microseconds. A thread that has ended meanwhile is left out: those of workerd that answer
 * requests live as long as it does.
 */
export function startCpuWatch(pid: number): () => number {
  const before = readThreadTimes(pid);
  return () => {
    let used = 0;
    for (const [thread, time] of readThreadTimes(pid)) used += time - (before.get(thread) ?? 0);
    return used;
  };
}

/** The first field of a thread's schedstat is the time that it ran, in nanoseconds (Linux, sched-stats). */
function readThreadTimes(pid: number): ThreadTimes {
  const times = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    times.set(thread, Number(nanoseconds) / 1000);
  }
  return times;
}
