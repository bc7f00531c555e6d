import { fork } from "node:child_process";
import { type ArgsDef, defineCommand } from "citty";
import { destination, pino } from "pino";
import { reportToParent } from "../../relay/processes/report-to-parent.ts";
import { type Supervised, supervise } from "../../relay/processes/supervise.ts";
import type { RelaySettings } from "../../relay/relay-settings.ts";
import { type RelayLog, startRelay } from "../../relay/start-relay.ts";
import type { WriteLine } from "../../relay/streams/connection-log.ts";
import { endOfProcess } from "./end-of-process.ts";
import { readFlags } from "./read-flags.ts";
import { readRelaySettings } from "./relay-flags.ts";

export const relayArgs = {
  feed: { type: "string", description: "The agents' feed; several with commas between", valueHint: "URL" },
  "feed-token-file": { type: "string", description: "What the relay proves itself by", valueHint: "FILE" },
  "feed-ca-file": { type: "string", description: "Who signed the feed's certificate", valueHint: "FILE" },
  cache: {
    type: "string",
    description: "Where the last good table is kept, to start without an agent",
    valueHint: "FILE",
  },
  gateway: { type: "string", description: "Where the edge's requests come in (0.0.0.0:8080)", valueHint: "HOST:PORT" },
  "hop-keys": {
    type: "string",
    description: "Public keys of the edge: a JWK, a JWK set, or a folder of them; read again when they change",
    valueHint: "FILE",
  },
  operations: {
    type: "string",
    description: "Where /ping, /readyz and /metrics are (0.0.0.0:9091)",
    valueHint: "HOST:PORT",
  },
  grace: {
    type: "string",
    description: "How long requests and connections may take to end when it is told to stop (10s)",
    valueHint: "DURATION",
  },
  "stream-address": {
    type: "string",
    description: "Other addresses for entry points of TCP and UDP than their own; several with commas between",
    valueHint: "NAME=HOST:PORT",
  },
  grpc: {
    type: "string",
    description: "Entry points at which clients of gRPC come in, without Cloudflare before them (none)",
    valueHint: "NAME,NAME",
  },
  "seal-key-file": {
    type: "string",
    description: "The Worker's sealing key: without it middlewares that need a Secret refuse all calls of gRPC",
    valueHint: "FILE",
  },
  "spiffe-endpoint": {
    type: "string",
    description:
      "Where the SPIFFE Workload API is, such as unix:///run/spire/sockets/agent.sock (what SPIFFE_ENDPOINT_SOCKET says)",
    valueHint: "URL",
  },
  linger: {
    type: "string",
    description: "How long a TCP connection may go on after its endpoint is gone (for as long as it likes)",
    valueHint: "DURATION",
  },
  "server-first-wait": {
    type: "string",
    description: "Beside TLS routes: after so long a silent client is taken for one whose server speaks first (500ms)",
    valueHint: "DURATION",
  },
  "max-connections": {
    type: "string",
    description: "Open TCP connections of one entry point (20000)",
    valueHint: "NUMBER",
  },
  "max-udp-sessions": {
    type: "string",
    description: "UDP sessions of one entry point; the one idle for longest gives way (10000)",
    valueHint: "NUMBER",
  },
  processes: {
    type: "string",
    description: "How many processes share the work and the ports, at most one for each core (1)",
    valueHint: "NUMBER",
  },
  "access-log": {
    type: "boolean",
    description: "Log each TCP connection, UDP session and call of gRPC when it has ended",
  },
  "log-level": { type: "string", description: "debug, info, warn or error (info)", valueHint: "LEVEL" },
} as const satisfies ArgsDef;

export const relay = defineCommand({
  meta: { name: "relay", description: "Carry TCP, UDP and gRPC to the Pods, and take the last hop from the edge" },
  args: relayArgs,
  async run({ args }) {
    try {
      const settings = readRelaySettings(readFlags(args, relayArgs, process.env), process.env.SPIFFE_ENDPOINT_SOCKET);
      const output = destination({ fd: 1, sync: true });
      const logAt = (level: string) =>
        pino(
          { level, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
          output,
        );
      const log = logAt(settings.logLevel);
      const access = logAt("info");
      const end = endOfProcess();
      const writeAccess = settings.hasAccessLog
        ? (fields: object, message: string) => access.info(fields, message)
        : undefined;
      const writeLine = (line: string): void => void output.write(`${line}\n`);
      const running = await start(settings, log, writeLine, writeAccess);
      log.info({ signal: await end }, "stopping");
      await running.stop();
      log.info({}, "stopped");
      process.exit(0);
    } catch (error) {
      console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
      process.exit(1);
    }
  },
});

async function start(
  settings: RelaySettings,
  log: RelayLog,
  writeLine: (line: string) => void,
  writeAccess: WriteLine | undefined,
) {
  const index = process.env[PROCESS_INDEX];
  if (index !== undefined) {
    const relay = await startRelay(asOneOfMany(settings, index), log, writeLine, writeAccess);
    reportToParent(relay);
    return relay;
  }
  return settings.processes > 1 ? startProcesses(settings, log) : startRelay(settings, log, writeLine, writeAccess);
}

/** Tells a process which one of several it is. */
const PROCESS_INDEX = "SLUICE_PROCESS_INDEX";

const asOneOfMany = (settings: RelaySettings, index: string): RelaySettings => ({
  ...settings,
  keepsCache: index === "0",
  // Nobody asks it: whoever started it answers for all.
  operations: { host: "127.0.0.1", port: 0 },
});

async function startProcesses({ processes, operations }: RelaySettings, log: RelayLog): Promise<Supervised> {
  const [, program = "", ...args] = process.argv;
  const running = await supervise({
    count: processes,
    start: (index) =>
      fork(program, args, {
        env: { ...process.env, [PROCESS_INDEX]: String(index) },
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      }),
    operations,
    log,
  });
  if (running === undefined) process.exit(1);
  log.info({ operations: running.operations, processes }, "started");
  return running;
}
