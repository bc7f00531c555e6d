import { createPassiveHealth } from "../balance/passive-health.ts";
import { plainAnswer } from "../edge/plain-answer.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { forwardedClient, toldBy } from "../exchange/forwarded-fact.ts";
import { isContentLength, isHopByHop } from "../exchange/hop-by-hop.ts";
import { computeForwardedHeaders } from "../hop/forwarded-headers.ts";
import { MIRROR_HEADER } from "../hop/hop.ts";
import type { Endpoints, LoadBalancer } from "../table/service.ts";
import { answerFailedFetch, canBeRepeated } from "./failed-fetch.ts";
import { fetchOrigin, type OriginFetch } from "./origin-fetch.ts";
import type { Send } from "./send.ts";

export interface DirectOptions {
  fetch: OriginFetch;
  /** A number from 0 (included) to 1 (excluded). */
  random: () => number;
  /** Milliseconds. */
  now: () => number;
}

/** Endpoints that one request tries at most. */
const MAX_TRIES = 3;

/**
 * Sends exchanges straight to an endpoint by a plain fetch. The origin gets its own address as Host, which a Worker
 * cannot set. A request that cannot be repeated is sent once. Endpoints that passive health checks have taken out are
 * known to this isolate alone. No answer comes from Cloudflare's cache, through which a Worker's fetch goes: one client's
 * could be shown to another, and a server of forwardAuth would judge the first one alone.
 */
export function createDirectSend({ fetch, random, now }: DirectOptions): Send {
  const passive = createPassiveHealth(now);
  const fetchUncached: OriginFetch = (input, init) => fetch(input, { redirect: "manual", ...init, cache: "no-store" });
  return async (exchange, { options, endpoints }) => {
    const check = options.passiveHealthCheck;
    const keyOf = ({ address, port }: Address): string => `${options.endpoints} ${address} ${port}`;
    const all = findCandidates(endpoints);
    const candidates = check === undefined ? all : all.filter((candidate) => !passive.isDown(keyOf(candidate)));
    const note = (candidate: Address, hasFailed: boolean): void => {
      if (check === undefined) return;
      if (hasFailed) passive.failed(keyOf(candidate), check);
      else passive.answered(keyOf(candidate));
    };
    const first = Math.floor(random() * candidates.length);
    const tries = canBeRepeated(exchange) ? Math.min(candidates.length, MAX_TRIES) : 1;
    const headers = originHeaders(exchange);
    let error: unknown;
    for (let attempt = 0; attempt < tries; attempt++) {
      const candidate = candidates[(first + attempt) % candidates.length];
      if (candidate === undefined) break;
      const origin = originOf(options, candidate);
      if (exchange.access !== undefined) exchange.access.pod = origin.slice(origin.indexOf("//") + 2);
      const url = `${origin}${exchange.path}${exchange.query}`;
      try {
        const response = await fetchOrigin(fetchUncached, url, exchange, headers);
        note(candidate, response.status >= 500);
        return response;
      } catch (thrown) {
        error = thrown;
        if (exchange.signal?.aborted) break;
        note(candidate, true);
      }
    }
    if (candidates.length > 0) return answerFailedFetch(exchange, error);
    exchange.failure = "no-endpoint";
    return plainAnswer(503, "no available server");
  };
}

interface Address {
  address: string;
  port: number;
}

/** The ready endpoints; when there are none, those on their way out; the Service's own address as a last resort. */
function findCandidates({ endpoints, clusterIp }: Endpoints): readonly Address[] {
  const ready = endpoints.filter(({ state }) => state === "ready");
  if (ready.length > 0) return ready;
  if (endpoints.length > 0) return endpoints;
  return clusterIp === undefined ? [] : [clusterIp];
}

/** A plain fetch speaks no h2c, but whoever does speaks HTTP/1.1 too. */
function originOf({ scheme }: LoadBalancer, { address, port }: Address): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `${scheme === "https" ? "https" : "http"}://${host}:${port}`;
}

/** The request's headers as the origin gets them: ours set, those that are not for it left out. */
function originHeaders(exchange: Exchange): Headers {
  const headers = new Headers(exchange.headers.current);
  const client = forwardedClient(toldBy(exchange), headers);
  const edits = computeForwardedHeaders(client, headers.keys(), (name) => headers.get(name));
  for (const name of edits.remove) headers.delete(name);
  for (const [name, value] of edits.set) headers.set(name, value);
  for (const name of [...headers.keys()]) if (isDropped(name)) headers.delete(name);
  headers.delete("host");
  if (exchange.mirror) headers.set(MIRROR_HEADER, "true");
  return headers;
}

/** What is between us and the gateway, or the client and us alone: but the runtime opens a WebSocket by Upgrade. */
const isDropped = (lowerName: string): boolean =>
  /^sluice[-_]/.test(lowerName) ||
  (isHopByHop(lowerName) && lowerName !== "upgrade") ||
  (lowerName.includes("_") && isContentLength(lowerName));
