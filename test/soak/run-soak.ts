import { cpus } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { REQUEST_ID } from "./pod.ts";
import { startRollingService } from "./rolling-service.ts";
import type { LogLine } from "./sluice-program.ts";
import { type LoadResult, runSoakLoad } from "./soak-load.ts";
import { type SoakRig, startSoakRig } from "./soak-rig.ts";

export interface SoakOptions {
  requests: number;
  perSecond: number;
  /** How many times all five Pods are replaced, evenly over the time that the requests take. */
  restarts: number;
  /** Faults, each at its share of the time. */
  faults: readonly SoakFault[];
  /** Up to how long a KV write takes to show, in milliseconds. */
  kvLatenessMs: number;
  /** Takes what the agents and the relay log. */
  log?: (program: string, line: LogLine) => void;
}

export interface SoakFault {
  name: string;
  /** 0 to 1: when in the run. */
  at: number;
  /** Makes it and takes it away again. */
  run(rig: SoakRig): Promise<void>;
}

/** Something that happened, in milliseconds since the load began. */
interface SoakEvent {
  name: string;
  fromMs: number;
  toMs: number;
}

export interface SoakResult extends LoadResult {
  restarts: number;
  podsReplaced: number;
  events: readonly SoakEvent[];
  /** Requests with a body that Pods saw more than once: each of them might have been carried out twice. */
  uploadsSeenTwice: readonly string[];
  /** How often the table changed in the run. */
  generations: number;
  /** The share of the machine's processors that was in use, by this and by whatever else ran. */
  machineUse: number;
}

const HOST = "soak.example.com";
const PODS = 5;
/** A restart's steps take this share of its time; the rest is for the last Pod to end. */
const STEPS_SHARE = 0.9;

/** Rolls a service under load while parts of Sluice fail. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { requests, perSecond, restarts, faults, kvLatenessMs, log } = options;
  const uploads = new Set<string>();
  const uploadsSeenTwice: string[] = [];
  const rig = await startSoakRig({ ...(log !== undefined && { log }) });
  try {
    const service = await startRollingService({
      api: rig.api,
      service: "app",
      pods: PODS,
      onRequest({ method, headers }) {
        if (method !== "POST") return;
        const id = String(headers[REQUEST_ID]);
        if (uploads.has(id)) uploadsSeenTwice.push(id);
        uploads.add(id);
      },
    });
    try {
      for (const object of soakObjects()) rig.api.apply(object);
      await untilServed(rig.edge.port);
      uploads.clear();
      uploadsSeenTwice.length = 0;
      rig.edge.kv.setLateness(kvLatenessMs);
      const before = await generationOf(rig);

      const totalMs = (requests / perSecond) * 1000;
      const events: SoakEvent[] = [];
      const began = performance.now();
      const during = async (name: string, work: () => Promise<void>): Promise<void> => {
        const event: SoakEvent = { name, fromMs: performance.now() - began, toMs: Number.POSITIVE_INFINITY };
        events.push(event);
        await work();
        event.toMs = performance.now() - began;
      };
      const roll = async (): Promise<void> => {
        const stepMs = (totalMs / restarts / PODS) * STEPS_SHARE;
        for (let restart = 1; restart <= restarts; restart++) {
          const dueMs = ((restart - 1) * totalMs) / restarts;
          await wait(Math.max(0, dueMs - (performance.now() - began)));
          await during(`restart ${restart}`, () => service.roll(stepMs));
        }
      };
      const fail = async ({ name, at, run }: SoakFault): Promise<void> => {
        await wait(at * totalMs);
        await during(name, () => run(rig));
      };
      const cpuBefore = cpuTimes();
      const [load] = await Promise.all([
        runSoakLoad({ port: rig.edge.port, host: HOST, requests, perSecond }),
        roll(),
        ...faults.map(fail),
      ]);
      const cpuAfter = cpuTimes();
      const podsReplaced = service.ended;
      return {
        ...load,
        restarts,
        podsReplaced,
        events,
        uploadsSeenTwice,
        generations: (await generationOf(rig)) - before,
        machineUse: 1 - (cpuAfter.idle - cpuBefore.idle) / (cpuAfter.all - cpuBefore.all),
      };
    } finally {
      await service.close();
    }
  } finally {
    await rig.close();
  }
}

const soakObjects = () => [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "app", namespace: "default" },
    spec: { clusterIP: "None", ports: [{ name: "http", port: 80 }] },
  },
  {
    apiVersion: "traefik.io/v1alpha1",
    kind: "IngressRoute",
    metadata: { name: "app", namespace: "default" },
    spec: {
      entryPoints: ["web"],
      routes: [
        {
          kind: "Rule",
          match: `Host(\`${HOST}\`)`,
          services: [{ name: "app", port: 80, sticky: { cookie: { name: "pod" } } }],
        },
      ],
    },
  },
];

async function untilServed(port: number): Promise<void> {
  for (;;) {
    const { failures } = await runSoakLoad({ port, host: HOST, requests: 1, perSecond: 1_000 });
    if (failures.length === 0) return;
    await wait(100);
  }
}

/** The generation that the relay has heard of. */
async function generationOf(rig: SoakRig): Promise<number> {
  const { port } = rig.relay.started.operations as { port: number };
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^sluice_relay_generation (\d+)$/m.exec(text)?.[1]);
}

/** Milliseconds of all processors since the machine started. */
function cpuTimes(): { idle: number; all: number } {
  const times = cpus().map((cpu) => cpu.times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { idle: times.reduce((sum, { idle }) => sum + idle, 0), all };
}
