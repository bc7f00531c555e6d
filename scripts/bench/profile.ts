import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WebSocket } from "ws";
import { type Child, startChild } from "./child.ts";
import { edgeVariants, runRound, startEdges } from "./throughput.ts";

/** Functions shown for each variant; the rest is in the file. */
const SHOWN = 15;

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number }; hitCount: number }[];
}

/**
 * Profiles the Worker under each variant's load and writes a `.cpuprofile` for each, which Chromium's DevTools and
 * VS Code open. Sampling costs, so these rounds are not those that are measured.
 *
 * @returns the functions that most of the samples were in
 */
export async function profileEdge(dir: string, originPort: number, origin: Child): Promise<string[]> {
  const workerd = await startEdges(originPort, 0);
  const load = await startChild("./load.ts");
  const lines: string[] = [];
  try {
    for (const variant of edgeVariants) {
      await runRound(variant, { workerd, load, origin, requests: WARM_UP_REQUESTS, first: 0 });
      const inspector = await Inspector.open(await workerd.inspectorUrl(variant.worker));
      await inspector.call("Profiler.enable");
      await inspector.call("Profiler.setSamplingInterval", { interval: 200 });
      await inspector.call("Profiler.start");
      await runRound(variant, { workerd, load, origin, requests: PROFILED_REQUESTS, first: WARM_UP_REQUESTS });
      const { profile } = await inspector.call<{ profile: Profile }>("Profiler.stop");
      inspector.close();
      const file = join(dir, `${variant.name.replace(/[^a-z0-9]+/gi, "-")}.cpuprofile`);
      await writeFile(file, JSON.stringify(profile));
      lines.push(`${variant.name}: ${file}`, ...topOf(profile), "");
    }
  } finally {
    load.close();
    await workerd.close();
  }
  return lines;
}

/** All routes have been asked for. */
const WARM_UP_REQUESTS = 6_000;
const PROFILED_REQUESTS = 12_000;

function topOf({ nodes }: Profile): string[] {
  const hits = new Map<string, number>();
  let total = 0;
  for (const { callFrame, hitCount } of nodes) {
    if (callFrame.functionName === "(idle)") continue;
    const name = `${callFrame.functionName || "(anonymous)"}${callFrame.lineNumber < 0 ? "" : `:${callFrame.lineNumber + 1}`}`;
    hits.set(name, (hits.get(name) ?? 0) + hitCount);
    total += hitCount;
  }
  return [...hits]
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([name, count]) => `  ${((100 * count) / total).toFixed(1).padStart(5)} %  ${name}`);
}

/** The part of the DevTools protocol that profiling needs. */
class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => {
      const { id, result, error } = JSON.parse(String(data));
      const call = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) call?.resolve(result as never);
      else call?.reject(new Error(error.message));
    });
  }

  static open(url: URL): Promise<Inspector> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, { perMessageDeflate: false });
      socket.once("error", reject);
      socket.once("open", () => resolve(new Inspector(socket)));
    });
  }

  call<T>(method: string, params: object = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const id = ++this.#last;
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close(): void {
    this.#socket.close();
  }
}
