import { readFile } from "node:fs/promises";
import { decodeText } from "../source/decode-text.ts";
import type { Location } from "../source/locate.ts";
import { suggestName } from "../translate/nearest-name.ts";
import type { Problem } from "../translate/problem.ts";
import {
  defaultSettings,
  type EntryPointSettings,
  type ProviderSettings,
  type RelayEntryPointSettings,
  type TranslateSettings,
} from "../translate/settings.ts";
import { toAccessLog } from "./access-log.ts";
import { type EntryPointAddress, parseAddress } from "./parse-address.ts";
import { ConfigError, type ParsedConfig, parseConfig } from "./parse-config.ts";
import type { ReadContext } from "./read-yaml.ts";
import { staticSchema } from "./static-schema.ts";

/** Something wrong with the configuration file itself. */
export type ConfigProblem = Omit<Problem, "object"> & { location: Location };

export interface StaticConfig {
  settings: TranslateSettings;
  /** Where the TCP entry points listen, as the file says; an empty host is every address. */
  listen: Record<string, { host: string; port: number }>;
  /** What a burst of changes waits for; undefined when the file does not say. */
  throttleMs: number | undefined;
  problems: ConfigProblem[];
}

/** @throws ConfigError when the file cannot be read, or is neither YAML nor TOML */
export async function loadStaticConfig(file: string): Promise<StaticConfig> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    const reasons: Record<string, string> = { ENOENT: "there is no such file", EISDIR: "it is a folder, not a file" };
    const reason = reasons[cause.code ?? ""] ?? `cannot be read (${cause.message})`;
    throw new ConfigError(`${file}: ${reason}`, { cause });
  });
  const content = decodeText(bytes);
  if (content === undefined) throw new ConfigError(`${file}: it is not text`);
  return readStaticConfig(content, file);
}

type Values = NonNullable<ReturnType<typeof staticSchema>>;
type EntryPointValues = NonNullable<Values["entryPoints"]>[string]["value"];
type Redirect = EntryPointSettings["redirect"];
type ProviderValues = NonNullable<NonNullable<Values["providers"]>["kubernetesCRD"]>;

/**
 * Reads Traefik's static configuration from YAML, or from TOML when the file's name ends so. What is wrong with it is in
 * `problems`, each with its place.
 *
 * @throws ConfigError when it is neither
 */
export const readStaticConfig = (content: string, file: string): StaticConfig =>
  readParsedConfig(parseConfig(content, file));

/** The same, of nodes from wherever. */
export function readParsedConfig({ root, resolve, locate }: ParsedConfig): StaticConfig {
  const problems: ConfigProblem[] = [];
  const context: ReadContext = {
    resolve,
    report: (problem, node) => problems.push({ ...problem, location: locate(node) }),
  };
  const values = (root && staticSchema(root, [], context)) ?? {};
  return { ...toSettings(values, context), problems };
}

function toSettings(values: Values, context: ReadContext): Omit<StaticConfig, "problems"> {
  const settings = defaultSettings();
  const listen: StaticConfig["listen"] = {};
  const entryPoints = Object.entries(values.entryPoints ?? {}).flatMap(([name, entryPoint]) => {
    const address = findAddress(name, entryPoint, context);
    return address === undefined ? [] : [{ name, values: entryPoint.value, address }];
  });
  // Traefik without entry points has one on 80; here the usual two stay, since nothing else can have been meant.
  if (entryPoints.length > 0) {
    settings.entryPoints = {};
    settings.relayEntryPoints = {};
  }
  for (const { name, values, address } of entryPoints) {
    settings.relayEntryPoints[name] = toRelayEntryPoint(values, address);
    if (address.protocol === "udp") continue;
    listen[name] = { host: address.host, port: address.port };
    settings.entryPoints[name] = toEntryPoint(values, address.port);
  }
  for (const { name, values } of entryPoints) {
    const redirect = toRedirect(values, settings, context);
    const entry = settings.entryPoints[name];
    if (redirect && entry) entry.redirect = redirect;
  }
  if (values.accessLog !== undefined) settings.accessLog = toAccessLog(values.accessLog);
  mergeProvider(settings.crd, values.providers?.kubernetesCRD);
  mergeProvider(settings.ingress, values.providers?.kubernetesIngress);
  const { strictPrefixMatching } = values.providers?.kubernetesIngress ?? {};
  if (strictPrefixMatching !== undefined) settings.ingress.strictPrefixMatching = strictPrefixMatching;
  return { settings, listen, throttleMs: toThrottle(values.providers) };
}

/** Traefik has a throttle for each provider and then one for what they all say; here all changes are one table. */
function toThrottle(providers: Values["providers"]): number | undefined {
  const { providersThrottleDuration, kubernetesCRD, kubernetesIngress, kubernetesGateway } = providers ?? {};
  const ofProviders = [kubernetesCRD, kubernetesIngress, kubernetesGateway].map((one) => one?.throttleDuration);
  const said = [providersThrottleDuration, ...ofProviders].filter((ms) => ms !== undefined);
  if (said.length === 0) return undefined;
  return Math.max(providersThrottleDuration ?? TRAEFIK_THROTTLE_MS, ...said);
}

const TRAEFIK_THROTTLE_MS = 2_000;

/** The address of an entry point; undefined leaves it out. */
function findAddress(
  name: string,
  { value: { address }, node, path }: NonNullable<Values["entryPoints"]>[string],
  context: ReadContext,
): EntryPointAddress | undefined {
  if (address !== undefined) return address;
  const message = `entry point \`${name}\` has no address that can be used; it is left out`;
  context.report({ code: "invalid-field", severity: "error", path, message, hint: "such as `address: :80`" }, node);
  return undefined;
}

function toRelayEntryPoint(
  values: EntryPointValues,
  { protocol, host, port }: EntryPointAddress,
): RelayEntryPointSettings {
  const { insecure, trustedIPs } = values.proxyProtocol ?? {};
  const { requestAcceptGraceTimeout, graceTimeOut } = values.transport?.lifeCycle ?? {};
  const isUdp = protocol === "udp";
  return {
    protocol,
    host,
    port,
    ...(values.asDefault !== undefined && !isUdp && { asDefault: values.asDefault }),
    ...(values.proxyProtocol !== undefined &&
      !isUdp && {
        proxyProtocol: {
          ...(insecure !== undefined && { insecure }),
          ...(trustedIPs !== undefined && { trustedIps: trustedIPs }),
        },
      }),
    ...(values.udp?.timeout !== undefined && isUdp && { udpTimeoutMs: values.udp.timeout }),
    ...(requestAcceptGraceTimeout !== undefined && { requestAcceptGraceMs: requestAcceptGraceTimeout }),
    ...(graceTimeOut !== undefined && { graceMs: graceTimeOut }),
    ...(!isUdp && toTimeouts(values)),
  };
}

function toTimeouts({ transport }: EntryPointValues): Partial<RelayEntryPointSettings> {
  const { readTimeout, writeTimeout, idleTimeout } = transport?.respondingTimeouts ?? {};
  const { keepAliveMaxRequests, keepAliveMaxTime } = transport ?? {};
  return {
    ...(readTimeout !== undefined && { readTimeoutMs: readTimeout }),
    ...(writeTimeout !== undefined && { writeTimeoutMs: writeTimeout }),
    ...(idleTimeout !== undefined && { idleTimeoutMs: idleTimeout }),
    ...(keepAliveMaxRequests !== undefined && { keepAliveMaxRequests }),
    ...(keepAliveMaxTime !== undefined && { keepAliveMaxMs: keepAliveMaxTime }),
  };
}

function toEntryPoint(values: EntryPointValues, port: number): EntryPointSettings {
  const { insecure, trustedIPs } = values.forwardedHeaders ?? {};
  return {
    port,
    ...(values.asDefault !== undefined && { asDefault: values.asDefault }),
    ...(values.observability?.accessLogs !== undefined && { accessLogs: values.observability.accessLogs }),
    ...(values.http?.tls !== undefined && { tls: true }),
    ...(values.http?.encodeQuerySemicolons && { encodeQuerySemicolons: true }),
    ...toGuards(values),
    ...(values.http?.middlewares !== undefined && { middlewares: values.http.middlewares }),
    ...(values.forwardedHeaders !== undefined && {
      forwardedHeaders: {
        ...(insecure !== undefined && { insecure }),
        ...(trustedIPs !== undefined && { trustedIps: trustedIPs }),
      },
    }),
  };
}

/** What an entry point refuses or leaves out of requests. Every character is allowed by default, as in Traefik. */
function toGuards({ http = {} }: EntryPointValues): Pick<EntryPointSettings, "encodedCharacters" | "aliasHeaders"> {
  const { encodedCharacters = {}, aliasHeadersStrategy, underscoreHeadersStrategy = "keep" } = http;
  const strategy = aliasHeadersStrategy ?? underscoreHeadersStrategy;
  const characters = aliasHeadersStrategy === undefined ? "underscore" : "all";
  const isAnyRefused = Object.values(encodedCharacters).includes(false);
  return {
    ...(isAnyRefused && { encodedCharacters: { ...allCharacters, ...encodedCharacters } }),
    ...(strategy !== "keep" && { aliasHeaders: { strategy, characters } }),
  };
}

const allCharacters = {
  allowEncodedSlash: true,
  allowEncodedBackSlash: true,
  allowEncodedNullCharacter: true,
  allowEncodedSemicolon: true,
  allowEncodedPercent: true,
  allowEncodedQuestionMark: true,
  allowEncodedHash: true,
};

function toRedirect(values: EntryPointValues, { entryPoints }: TranslateSettings, context: ReadContext): Redirect {
  const redirect = values.http?.redirections?.entryPoint;
  if (redirect?.to === undefined) return undefined;
  const { value: to, node, path } = redirect.to;
  if (!Object.hasOwn(entryPoints, to) && parseAddress(to) === undefined) {
    const message = `there is no entry point \`${to}\` to redirect to`;
    const hint = suggestName(to, Object.keys(entryPoints));
    context.report({ code: "invalid-field", severity: "error", path, message, ...(hint && { hint }) }, node);
    return undefined;
  }
  return {
    to,
    scheme: redirect.scheme ?? "https",
    permanent: redirect.permanent ?? true,
    ...(redirect.priority !== undefined && { priority: redirect.priority }),
  };
}

function mergeProvider(settings: ProviderSettings, values: ProviderValues | undefined): void {
  if (values === undefined) return;
  const { ingressClass, labelSelector, namespaces } = values;
  if (ingressClass !== undefined) settings.ingressClass = ingressClass;
  if (labelSelector !== undefined) settings.labelSelector = labelSelector;
  if (namespaces !== undefined && namespaces.length > 0) settings.namespaces = namespaces;
  settings.allowCrossNamespace = values.allowCrossNamespace ?? settings.allowCrossNamespace;
  settings.allowExternalNameServices = values.allowExternalNameServices ?? settings.allowExternalNameServices;
  settings.allowEmptyServices = values.allowEmptyServices ?? settings.allowEmptyServices;
}
