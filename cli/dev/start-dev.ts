import type { NetConnectOpts } from "node:net";
import { resolve } from "node:path";
import { callEntryPoints } from "../../relay/grpc/call-entry-points.ts";
import { startOriginGateway } from "../../relay/origin-gateway/start-gateway.ts";
import { startSpiffe } from "../../relay/spiffe/start-spiffe.ts";
import { createTokenVerifier } from "../../src/hop/token.ts";
import type { Table } from "../../src/table/table.ts";
import { toAccessLog } from "../../sync-agent/config/access-log.ts";
import type { FolderCache } from "../../sync-agent/source/folder-source.ts";
import { defaultSettings, type TranslateSettings } from "../../sync-agent/translate/settings.ts";
import { loadSettings } from "../import/load-settings.ts";
import type { PrintableProblem } from "../print/format-problem.ts";
import type { Amount } from "../print/nothing-read.ts";
import { CertificateStore } from "./certificate-store.ts";
import { makeDevKeys } from "./dev-keys.ts";
import { DevSession } from "./dev-session.ts";
import { DevStreams, type Hatch } from "./dev-streams.ts";
import { type Door, FrontDoor, whyNotListen } from "./front-door.ts";
import { GatewayFeed } from "./gateway-feed.ts";
import { placeEntryPoints } from "./place-entry-points.ts";
import { readManifests } from "./read-manifests.ts";
import { StandIns } from "./stand-ins.ts";
import type { Address } from "./tls-listener.ts";
import { FolderTranslator } from "./translate-folder.ts";
import { watchFolder } from "./watch-folder.ts";

export interface DevOptions {
  /** The folder of manifests (or one file). */
  dir: string;
  /** Traefik's static configuration. */
  config?: string;
  /** Where entry points listen, by name; port 0 takes any free one. Those that nothing else names are of TCP. */
  entryPoints?: Readonly<Record<string, Address & { protocol?: "tcp" | "udp" }>>;
  /** Every entry point that is not placed by hand takes any free port. */
  anyPort?: boolean;
  /** Whether edits are followed. Otherwise `reload` does it. */
  watch?: boolean;
  /** Where the SPIFFE Workload API is served; without it Pods that are known by SPIFFE are not connected to. */
  spiffeEndpoint?: NetConnectOpts;
  /** Takes what the Worker and the gateway have to say. */
  log?: (level: string, message: string) => void;
  /** Has requests logged, also where the configuration does not ask for it. */
  accessLog?: boolean;
  /** Takes the lines of the access log. */
  writeAccess?: (line: string) => void;
}

export interface Dev {
  readonly events: DevSession["events"];
  /** The entry points, as they listen. */
  doors(): readonly Door[];
  /** The entry points of UDP, as they listen. */
  hatches(): readonly Hatch[];
  /** The URL of an entry point, without a path: `http://127.0.0.1:8787`. */
  url(entryPoint: string, options?: { tls?: boolean }): string;
  /** The port of an entry point of TCP or UDP. */
  port(entryPoint: string): number;
  table(): Table;
  /** What is wrong with the configuration and the folder. */
  problems(): readonly PrintableProblem[];
  /** How much the folder held when it was last read. */
  amount(): Amount;
  /** Reads the folder again; resolves when the next request is answered by it. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

const PUBLISHER = "dev";
const LOOPBACK = "127.0.0.1";

/**
 * Runs everything on this machine: the Worker on workerd, the origin gateway, stand-ins for missing Pods.
 *
 * @throws ConfigError, PortError, and what reading the folder throws
 */
export async function startDev(options: DevOptions): Promise<Dev> {
  const { config, watch = false, log = () => {}, writeAccess = () => {} } = options;
  const dir = resolve(options.dir);
  const cwd = process.cwd();
  const configured = config === undefined ? undefined : await loadSettings(config);
  const standIns = new StandIns();
  const closers: (() => unknown)[] = [() => standIns.close()];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const settings = configured?.settings ?? defaultSettings();
    for (const [name, { host, port, protocol = "tcp" }] of Object.entries(options.entryPoints ?? {})) {
      const known = settings.relayEntryPoints[name] ?? { protocol, host, port };
      settings.relayEntryPoints[name] = known;
      if (known.protocol === "tcp") settings.entryPoints[name] ??= { port };
    }
    if (options.accessLog) settings.accessLog ??= toAccessLog({});
    const [keys, certificates] = await Promise.all([makeDevKeys(), CertificateStore.create()]);
    settings.sealKey = keys.seal;
    const translator = new FolderTranslator({ settings, standIns, addEntryPoints: configured === undefined });
    const cache: FolderCache = new Map();
    const manifests = await readManifests(dir, cache, translator, cwd);

    const feed = new GatewayFeed(PUBLISHER, () => standIns.ports());
    const spiffe = startSpiffe(options.spiffeEndpoint, (level, message, fields) =>
      log(level, `${message} ${JSON.stringify(fields)}`),
    );
    closers.push(() => spiffe.close());
    const gateway = await startOriginGateway({
      spiffe: spiffe.trust,
      table: feed,
      verifier: createTokenVerifier({ keys: { [keys.hop.kid]: keys.hop.publicKey }, now: Date.now }),
      listen: { host: LOOPBACK, port: 0 },
      now: Date.now,
      random: Math.random,
      log: (message, error) => log("warn", `${message}: ${error}`),
      logHealth: (level, message, fields) => log(level, `${message} ${JSON.stringify(fields)}`),
    });
    feed.onChange = (table) => gateway.tableChanged(table);
    closers.push(() => gateway.close(0));

    const arrange = (table: Table, open: readonly Door[]): Promise<Door[]> =>
      arrangeDoors(table, translator.settings.entryPoints, { ...options, configured: configured?.listen, open });
    const edge = { publisher: PUBLISHER, gatewayPort: gateway.address.port, keys, log, writeAccess };
    const frontDoor = await FrontDoor.open(edge, certificates, await arrange(manifests.table, []));
    closers.push(() => frontDoor.close());

    const findDoors = (table: Table): Promise<Door[]> => arrange(table, frontDoor.doors);
    const streams = new DevStreams({
      frontDoor,
      certificates,
      standInPorts: () => standIns.ports(),
      sealKey: keys.seal,
      choices: gateway.choices,
      spiffe: spiffe.trust,
      overrides: options.entryPoints ?? {},
      anyPort: options.anyPort ?? false,
      isConfigured: configured !== undefined,
      log,
      writeAccess,
    });
    closers.push(() => streams.close());
    const session = new DevSession({
      dir,
      cwd,
      cache,
      frontDoor,
      translator,
      feed,
      streams,
      certificates,
      findDoors,
      log,
    });
    await session.serve(manifests);
    if (watch) {
      const follow = (): Promise<void> =>
        session
          .reload()
          .catch((error: unknown) => log("error", error instanceof Error ? error.message : String(error)));
      const watcher = await watchFolder(dir, () => void follow());
      closers.push(() => watcher.close());
      await follow();
    }
    return {
      events: session.events,
      doors: () => frontDoor.doors,
      hatches: () => streams.hatches(),
      port: (entryPoint) => portOf([...frontDoor.doors, ...streams.hatches()], entryPoint),
      url: (entryPoint, { tls = false } = {}) => urlOf(frontDoor.doors, entryPoint, tls),
      table: () => session.table,
      amount: () => session.amount,
      problems: () => [...(configured?.problems ?? []), ...session.problems],
      reload: () => session.reload(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface DoorOptions extends Pick<DevOptions, "entryPoints" | "anyPort"> {
  configured: Readonly<Record<string, Address>> | undefined;
  /** Those that are open already stay where they are. */
  open: readonly Door[];
}

/** Places entry points, and finds which of them take TLS: by their settings, or since a route on them has it. */
async function arrangeDoors(
  table: Table,
  entryPoints: TranslateSettings["entryPoints"],
  { entryPoints: chosen, configured, anyPort = false, open }: DoorOptions,
): Promise<Door[]> {
  const anywhere = Object.keys(entryPoints).map((name) => [name, { host: LOOPBACK, port: 0 }]);
  const places = await placeEntryPoints({
    entryPoints,
    ...(configured && { configured }),
    overrides: {
      ...(anyPort && Object.fromEntries(anywhere)),
      ...chosen,
      ...Object.fromEntries(open.map(({ name, host, port }) => [name, { host, port }])),
    },
    isFree: async (host, port) => (await whyNotListen(host, port)) === undefined,
  });
  const ofCalls = callEntryPoints(table);
  return places.map((place) => {
    const { tls = false, port } = entryPoints[place.name] ?? { port: 0 };
    const isOn = ({ entryPoints: names }: { entryPoints: readonly string[] }): boolean => names.includes(place.name);
    const isRouted = table.routers.some((router) => router.tls && isOn(router));
    return {
      ...place,
      tls: tls || isRouted || port === 443 || place.name === "websecure",
      isShared: table.tcpRouters.some(isOn) || ofCalls.has(place.name),
    };
  });
}

function urlOf(doors: readonly Door[], entryPoint: string, tls: boolean): string {
  const door = doors.find(({ name }) => name === entryPoint);
  if (door === undefined) throw new Error(`there is no entry point ${entryPoint}`);
  if (tls && !door.tls) throw new Error(`entry point ${entryPoint} takes no TLS`);
  const host = door.host.includes(":") ? `[${door.host}]` : door.host;
  return `${tls ? "https" : "http"}://${host}:${door.port}`;
}

function portOf(places: readonly { name: string; port: number }[], entryPoint: string): number {
  const place = places.find(({ name }) => name === entryPoint);
  if (place === undefined) throw new Error(`there is no entry point ${entryPoint}`);
  return place.port;
}
