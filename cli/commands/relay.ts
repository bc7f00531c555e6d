import { type ArgsDef, defineCommand } from "citty";
import { destination, pino } from "pino";
import { startRelay } from "../../relay/start-relay.ts";
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
    description: "How long requests may take to end when it is told to stop (10s)",
    valueHint: "DURATION",
  },
  "log-level": { type: "string", description: "debug, info, warn or error (info)", valueHint: "LEVEL" },
} as const satisfies ArgsDef;

export const relay = defineCommand({
  meta: { name: "relay", description: "Take the last hop from the edge to the Pods" },
  args: relayArgs,
  async run({ args }) {
    try {
      const settings = readRelaySettings(readFlags(args, relayArgs, process.env));
      const log = pino(
        {
          level: settings.logLevel,
          timestamp: pino.stdTimeFunctions.isoTime,
          formatters: { level: (level) => ({ level }) },
        },
        destination({ fd: 1, sync: true }),
      );
      const end = endOfProcess();
      const running = await startRelay(settings, log);
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
