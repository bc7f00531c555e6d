import { lookup } from "node:dns/promises";
import type { IncomingMessage } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { FEED_PATH, type FeedState } from "../../src/feed/feed-document.ts";
import { applyDocument, type HeldTable } from "./apply-document.ts";
import { readDocument } from "./read-document.ts";
import { readLines } from "./read-lines.ts";
import type { TableCache } from "./table-cache.ts";
import { createUnreadLog } from "./unread-log.ts";

export interface FollowOptions {
  /** Of the agents. A name with several addresses stands for an agent at each. */
  urls: readonly string[];
  token: string;
  /** PEM of the authority that the agents' certificate comes from. */
  ca?: string;
  cache?: TableCache;
  /** Told of each new table before anything else happens; `isNewTable` is false when only the pointer has moved. */
  onState: (state: FeedState, isNewTable: boolean) => void;
  log: (level: "info" | "warn", message: string) => void;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** In [0, 1). */
  random?: () => number;
  /** Without a word for so long, an agent is given up for another. Default 10 s. */
  silenceMs?: number;
  /** An agent that has been out of touch with its cluster for so long is left for another. Default 15 s. */
  staleMs?: number;
  /**
   * The first and the longest pause between two rounds over all agents. The longest is short, since Pods come and go
   * unseen for as long as it lasts after the agents are back; a relay that asks each second costs them nothing. It is
   * `unreadable` after a round in which what an agent sent could not be read: that may be a whole table each time, and
   * nothing helps but another agent or another relay.
   */
  pauseMs?: { first: number; longest: number; unreadable: number };
}

export interface FeedFollower {
  readonly state: FeedState | undefined;
  /**
   * Whether an agent is heard at present; whether it is in touch with its cluster besides, so that the table is that of
   * the moment; how often an agent had to be given up; and how many entries of the table are closed because this relay is
   * too old to read them.
   */
  stats(): { isConnected: boolean; isLive: boolean; reconnects: number; unreadEntries: number };
  close(): Promise<void>;
}

/** An agent says every two seconds how fresh its table is. */
const LIVE_MS = 5_000;
const LOST_TOUCH = "the agent has lost touch with its cluster";
/** More than the table of any cluster. */
const MAX_LINE_BYTES = 512 * 1024 * 1024;

/**
 * Follows the agents' feed: one at a time, from another when it falls silent or ends. Begins with what the cache holds.
 * Never gives up, and never lets go of a good table for none.
 *
 * Which agent to believe: each says with all that it tells up to when it knows of every change in the cluster. One that
 * has been out of touch for `staleMs` is left when there is another, and no agent's table replaces one that was right
 * later: so an agent whose watch is cut takes no relay back, while a relay that finds no other keeps what it has.
 */
export async function followFeed(options: FollowOptions): Promise<FeedFollower> {
  const {
    cache,
    onState,
    log,
    now = Date.now,
    random = Math.random,
    staleMs = 15_000,
    pauseMs = { first: 100, longest: 1_000, unreadable: 15_000 },
  } = options;
  const closing = new AbortController();
  let held: HeldTable | undefined = await cache?.read();
  let isConnected = false;
  let reconnects = 0;
  /** When, by a clock that never goes back, the agent that is followed was known to be in touch with its cluster. */
  let fresh = { at: Number.NEGATIVE_INFINITY, seenAt: 0 };
  const noteUnread = createUnreadLog((message) => log("warn", message));
  if (held !== undefined) {
    noteUnread(held.unread);
    onState(held.state, true);
  }

  const take = (line: string): "taken" | { reason: string; isTableLost: boolean; isUnreadable?: boolean } => {
    const read = readDocument(line);
    if ("problem" in read) return { reason: read.problem, isTableLost: false, isUnreadable: true };
    const applied = applyDocument(held, read, now());
    if (applied.outcome === "older") {
      return {
        reason: "the agent has lost touch with its cluster, and knows less than is known here",
        isTableLost: false,
      };
    }
    if (applied.outcome === "unusable") return { reason: applied.reason, isTableLost: true };
    const { held: next, isNewTable } = applied;
    const isMoved = isNewTable || next.state.pointer?.generation !== held?.state.pointer?.generation;
    held = next;
    if (isMoved) {
      noteUnread(next.unread);
      onState(next.state, isNewTable);
      cache?.keep(next);
    }
    return "taken";
  };

  /** What is asked to go on from: nothing after a table that did not come out as it should have. */
  let since: string | undefined = held?.state.id;

  const lastWords = new Map<string, string>();
  const say = (level: "info" | "warn", agent: Agent, message: string): void => {
    if (lastWords.get(agent.name) === message) return;
    lastWords.set(agent.name, message);
    log(level, message);
  };

  const follow = async (agent: Agent, hasOthers: boolean): Promise<Followed> => {
    let hasTaken = false;
    let isUnreadable = false;
    fresh = { at: Number.NEGATIVE_INFINITY, seenAt: performance.now() };
    try {
      const response = await open(agent, since, options, closing.signal);
      for await (const line of readLines(response, MAX_LINE_BYTES)) {
        const taken = take(line);
        if (taken !== "taken") {
          if (taken.isTableLost) since = undefined;
          isUnreadable = taken.isUnreadable ?? false;
          throw new Error(taken.reason);
        }
        since = held?.state.id;
        if (!hasTaken) say("info", agent, `following the agent at ${agent.name}`);
        hasTaken = true;
        isConnected = true;
        const freshAt = held?.state.freshAt ?? 0;
        if (freshAt > fresh.at) fresh = { at: freshAt, seenAt: performance.now() };
        else if (hasOthers && performance.now() - fresh.seenAt > staleMs) throw new Error(LOST_TOUCH);
      }
      throw new Error("the agent ended the feed");
    } catch (error) {
      if (!closing.signal.aborted) say("warn", agent, `the feed of ${agent.name}: ${messageOf(error)}`);
    }
    isConnected = false;
    return { hasTaken, isUnreadable };
  };

  const run = async (): Promise<void> => {
    let pause = pauseMs.first;
    while (!closing.signal.aborted) {
      let hasTaken = false;
      let isUnreadable = false;
      const agents = await findAgents(options.urls);
      for (const agent of shuffled(agents, random)) {
        if (closing.signal.aborted) return;
        const followed = await follow(agent, agents.length > 1);
        hasTaken ||= followed.hasTaken;
        isUnreadable ||= followed.isUnreadable;
        reconnects += 1;
      }
      pause = hasTaken ? pauseMs.first : Math.min(pause * 2, pauseMs.longest);
      if (isUnreadable) pause = pauseMs.unreadable;
      await sleep(pause * (0.5 + random() / 2), closing.signal);
    }
  };
  const running = run();
  return {
    get state() {
      return held?.state;
    },
    stats: () => ({
      isConnected,
      isLive: isConnected && performance.now() - fresh.seenAt < LIVE_MS,
      reconnects,
      unreadEntries: held?.unread.size ?? 0,
    }),
    async close() {
      closing.abort();
      await running;
      await cache?.close();
    },
  };
}

/** What became of following an agent: whether it told anything of use, and whether it ended by what cannot be read. */
interface Followed {
  hasTaken: boolean;
  isUnreadable: boolean;
}

interface Agent {
  /** For logs. */
  name: string;
  url: URL;
  /** Where the name was found, when it was looked up. */
  address: string | undefined;
}

async function findAgents(urls: readonly string[]): Promise<Agent[]> {
  const found = await Promise.all(
    urls.map(async (text): Promise<Agent[]> => {
      const url = new URL(FEED_PATH, text);
      const addresses = await lookup(url.hostname.replace(/^\[|\]$/g, ""), { all: true }).catch(() => []);
      if (addresses.length === 0) return [{ name: url.host, url, address: undefined }];
      return addresses.map(({ address }) => ({
        name: addresses.length > 1 ? `${url.host} (${address})` : url.host,
        url,
        address,
      }));
    }),
  );
  return found.flat();
}

function open(
  { url, address }: Agent,
  since: string | undefined,
  { token, ca, silenceMs = 10_000 }: FollowOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const isTls = url.protocol === "https:";
  const target = new URL(url);
  if (since !== undefined) target.searchParams.set("since", since);
  return new Promise((resolve, reject) => {
    const request = (isTls ? requestHttps : requestHttp)({
      host: address ?? url.hostname,
      port: url.port || (isTls ? 443 : 80),
      path: `${target.pathname}${target.search}`,
      headers: { host: url.host, authorization: `Bearer ${token}` },
      agent: false,
      signal,
      timeout: silenceMs,
      ...(isTls && { servername: url.hostname, ...(ca !== undefined && { ca }) }),
    });
    request.on("timeout", () => request.destroy(new Error(`nothing was heard for ${silenceMs / 1000} s`)));
    request.on("error", reject);
    request.on("response", (response) => {
      if (response.statusCode === 200) return resolve(response);
      response.resume();
      reject(new Error(explain(response.statusCode ?? 0)));
      request.destroy();
    });
    request.end();
  });
}

function explain(status: number): string {
  if (status === 401) return "the token is not the agent's: both must read the same Secret";
  if (status === 503) return "the agent has not read its cluster yet";
  return `it answers ${status}`;
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((value) => ({ value, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
