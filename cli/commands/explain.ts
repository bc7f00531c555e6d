import { resolve } from "node:path";
import { defineCommand } from "citty";
import { originOf } from "../check/router-origin.ts";
import { translateManifests } from "../check/translate-manifests.ts";
import { explainConnection } from "../explain/explain-connection.ts";
import { explainRequest } from "../explain/explain-request.ts";
import { explanationJson } from "../explain/explanation-json.ts";
import { type ConnectionContext, formatConnection } from "../explain/format-connection.ts";
import { type ExplanationContext, formatExplanation } from "../explain/format-explanation.ts";
import { keysLeftToCluster } from "../explain/keys-left-to-cluster.ts";
import { type Colors, colorsFor } from "../print/colors.ts";
import { locateProblem } from "../print/locate-problem.ts";
import { nameFile, subjectOf, toPrintable } from "../print/printable-problem.ts";
import { checkArguments, type Outcome, outcomeOf, report, UsageError } from "./outcome.ts";
import { readClient, readHeaders, readMethod, readStreamUrl, readUrl, repeated } from "./request-options.ts";

export interface ExplainOptions {
  dir: string | undefined;
  url: string | undefined;
  method?: string | undefined;
  /** Each as `name: value`. */
  headers?: readonly string[];
  config?: string | undefined;
  entryPoint?: string | undefined;
  client?: string | undefined;
  /** What a client of TLS offers. */
  alpn?: readonly string[];
  json?: boolean;
  colors?: Colors;
  cwd?: string;
}

/** `sluice explain`: exit code 0 for whatever can be explained, 2 when something of it cannot be used. */
export function runExplain(options: ExplainOptions): Promise<Outcome> {
  const { config, entryPoint, json = false, colors, cwd = process.cwd() } = options;
  return outcomeOf(options.dir ?? "", async () => {
    if (options.dir === undefined || options.url === undefined) {
      throw new UsageError("name the folder of manifests and a URL: sluice explain DIR URL");
    }
    const stream = readStreamUrl(options.url);
    if (stream !== undefined) return explainStream(options.url, stream, options);
    const request = {
      url: readUrl(options.url),
      method: readMethod(options.method ?? "GET"),
      headers: readHeaders(options.headers ?? []),
      client: readClient(options.client ?? "127.0.0.1"),
      ...(entryPoint !== undefined && { entryPoint }),
    };
    const dir = resolve(cwd, options.dir);
    const manifests = await translateManifests({ dir, ...(config !== undefined && { config: resolve(cwd, config) }) });
    const { folder, table } = manifests;
    if (entryPoint !== undefined && !Object.hasOwn(table.entryPoints, entryPoint)) {
      const known = Object.keys(table.entryPoints).join(", ");
      throw new UsageError(`there is no entry point ${entryPoint} (there are ${known})`);
    }
    const context: ExplanationContext = {
      ...(colors && { colors }),
      locate(router) {
        const origin = originOf(router, folder);
        if (origin === undefined) return undefined;
        const { object, location } = origin;
        return {
          subject: subjectOf(object),
          location: location && { ...location, file: nameFile(dir, location.file, cwd) },
        };
      },
      toPrintable: (problem) => toPrintable(problem, locateProblem(problem, folder), dir, cwd),
    };
    const explanation = await explainRequest(manifests, request);
    const stdout = json ? explanationJson(explanation, context) : formatExplanation(explanation, context);
    return { exitCode: 0, stdout, stderr: "" };
  });
}

/** Of a connection or datagram: methods and headers have no part in it. */
async function explainStream(
  url: string,
  stream: NonNullable<ReturnType<typeof readStreamUrl>>,
  {
    dir: folderName = "",
    config,
    entryPoint,
    client = "127.0.0.1",
    alpn = [],
    json,
    colors,
    cwd = process.cwd(),
  }: ExplainOptions,
): Promise<Outcome> {
  const dir = resolve(cwd, folderName);
  const { folder, table, leftToCluster } = await translateManifests({
    dir,
    ...(config !== undefined && { config: resolve(cwd, config) }),
  });
  const known = Object.keys(table.relayEntryPoints);
  if (entryPoint !== undefined && !known.includes(entryPoint)) {
    throw new UsageError(`there is no entry point ${entryPoint} (there are ${known.join(", ")})`);
  }
  const connection = { ...stream, alpn, client: readClient(client), ...(entryPoint !== undefined && { entryPoint }) };
  const explanation = explainConnection(table, connection, keysLeftToCluster(leftToCluster, folder.store));
  const context: ConnectionContext = {
    ...(colors && { colors }),
    locate(router) {
      const origin = originOf(router, folder);
      if (origin === undefined) return undefined;
      const { object, location } = origin;
      return {
        subject: subjectOf(object),
        location: location && { ...location, file: nameFile(dir, location.file, cwd) },
      };
    },
  };
  const stdout = json
    ? `${JSON.stringify({ connection, ...explanation }, null, 2)}\n`
    : formatConnection(url, connection, explanation, context);
  return { exitCode: 0, stdout, stderr: "" };
}

const args = {
  dir: { type: "positional", description: "Folder of manifests (or one file)", required: false },
  url: {
    type: "positional",
    description:
      "A request's URL, such as https://app.example.com/api; or tcp://HOST:PORT, tls://NAME:PORT, udp://HOST:PORT",
    required: false,
  },
  method: { type: "string", alias: "X", description: "The request's method (GET)", valueHint: "METHOD" },
  header: {
    type: "string",
    alias: "H",
    description: "A header; can be given more than once",
    valueHint: "name: value",
  },
  client: { type: "string", description: "The client's address (127.0.0.1)", valueHint: "ADDRESS" },
  entrypoint: {
    type: "string",
    description: "Where the request comes in, instead of the URL's port",
    valueHint: "NAME",
  },
  config: { type: "string", description: "Traefik's static configuration (YAML or TOML)", valueHint: "FILE" },
  alpn: { type: "string", description: "What a client of TLS offers, such as h2,http/1.1", valueHint: "NAME,NAME" },
  json: { type: "boolean", description: "Print the explanation as JSON" },
} as const;

export const explain = defineCommand({
  meta: { name: "explain", description: "Tell which route answers a request or takes a connection, and why" },
  args,
  async run({ args: given, rawArgs }) {
    const { dir, url, method, client, entrypoint, config, alpn = "", json } = given;
    const outcome = await outcomeOf(dir ?? "", async () => {
      checkArguments(given, args);
      return runExplain({
        dir,
        url,
        method,
        headers: repeated(rawArgs, ["-H", "--header"]),
        client,
        config,
        entryPoint: entrypoint,
        alpn: alpn.split(",").filter((name) => name !== ""),
        json: json ?? false,
        colors: colorsFor(process.stdout),
      });
    });
    report(outcome);
  },
});
