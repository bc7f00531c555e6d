import { type ConnectionFacts, compileTcpRule } from "../../src/rule/compile-tcp-rule.ts";
import type { Table } from "../../src/table/table.ts";
import type { TcpRouter } from "../../src/table/tcp.ts";
import type { TcpRule } from "../../src/table/tcp-rule.ts";
import type { Listener } from "./curl-line.ts";
import { listStreamRoutes } from "./routes-table.ts";
import { sampleRegexp } from "./sample-regexp.ts";

const POSTGRES = /postgres|\bpg\b|-5432$/i;
const DNS = /\bdns\b|-53(-udp)?$/i;

/**
 * For each route of TCP and UDP, in the order of `listStreamRoutes`, a command that reaches it, or a comment that says
 * why there is none. Routes whose names tell of PostgreSQL or DNS get a client of theirs.
 *
 * @param clientAddress where the commands will be run
 */
export function streamLines(
  table: Table,
  listeners: Readonly<Record<string, Listener>>,
  clientAddress = "127.0.0.1",
): string[] {
  return listStreamRoutes(table).flatMap(({ entryPoint, router }) => {
    const listener = Object.hasOwn(listeners, entryPoint) ? listeners[entryPoint] : undefined;
    if (listener === undefined) return [];
    const speaks = (protocol: RegExp): boolean => protocol.test(entryPoint) || protocol.test(router.service);
    const { host, port } = listener;
    if (!("rule" in router)) {
      return [speaks(DNS) ? `dig @${host} -p ${port} example.com` : `echo WHO | nc -u -w1 ${host} ${port}`];
    }
    const facts = exampleConnection(router, clientAddress);
    if (facts === undefined) return [`# ${router.ruleText}: no connection that reaches it could be made up`];
    return [
      speaks(POSTGRES)
        ? psqlLine(router, listener, facts)
        : router.tls === undefined
          ? speaks(DNS)
            ? `dig @${host} -p ${port} +tcp example.com`
            : `echo WHO | nc -w1 ${host} ${port}`
          : opensslLine(listener, facts),
    ];
  });
}

function psqlLine({ tls }: TcpRouter, { host, port }: Listener, { sni }: ConnectionFacts): string {
  const server = tls === undefined || sni === "" ? `host=${host}` : `host=${sni} hostaddr=${host}`;
  return `psql '${server} port=${port} sslmode=${tls === undefined ? "disable" : "require"}'`;
}

function opensslLine({ host, port }: Listener, { sni, alpn }: ConnectionFacts): string {
  const address = host.includes(":") ? `[${host}]` : host;
  const name = sni === "" ? "-noservername" : `-servername ${sni}`;
  return `echo WHO | openssl s_client -quiet -connect ${address}:${port} ${name}${alpn.length > 0 ? ` -alpn ${alpn}` : ""}`;
}

/** What a client must say to be routed by a rule; undefined when nothing was found. */
function exampleConnection({ rule, tls }: TcpRouter, clientAddress: string): ConnectionFacts | undefined {
  const matches = compileTcpRule(rule);
  const names = tls === undefined ? [""] : [...namesIn(rule), ""];
  const protocols = tls === undefined ? [[]] : [[], ...protocolsIn(rule).map((protocol) => [protocol])];
  for (const sni of names) {
    for (const alpn of protocols) {
      const facts = { sni, alpn, clientAddress };
      if (SAFE_NAME.test(sni) && matches(facts)) return facts;
    }
  }
  return undefined;
}

/** What may stand in a command as it is. */
const SAFE_NAME = /^[\w.-]*$/;

function namesIn(rule: TcpRule): string[] {
  switch (rule.type) {
    case "and":
    case "or":
      return rule.rules.flatMap(namesIn);
    case "sni":
      return [rule.name];
    case "sniWildcard":
      return [`any.${rule.suffix}`];
    case "sniRegexp": {
      const name = sampleRegexp(rule.regexp);
      return name === undefined ? [] : [name];
    }
    default:
      return [];
  }
}

function protocolsIn(rule: TcpRule): string[] {
  if (rule.type === "and" || rule.type === "or") return rule.rules.flatMap(protocolsIn);
  return rule.type === "alpn" && /^[\w./-]+$/.test(rule.protocol) ? [rule.protocol] : [];
}
