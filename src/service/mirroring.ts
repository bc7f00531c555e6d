import { isDue } from "../balance/rotation.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { bodyOf, forkExchange, keepsOwnBody } from "../exchange/fork-exchange.ts";
import { contentLength, withKnownLength } from "../origin/known-length.ts";
import type { Mirroring } from "../table/service.ts";
import type { CompiledService, ServiceContext, ServiceFactory } from "./service.ts";
import { tapBody } from "./tap-body.ts";

/** Bytes by which a mirror may lag behind the main request. */
const MAX_QUEUED = 1024 * 1024;
/**
 * How long a mirror with a body may go on after the main request's answer: the runtime ends it at 30 s, and until then it
 * would hold the body on. One without needs no timer: the gateway ends it.
 */
const DEADLINE_MS = 25_000;
/** Bytes of an answer that may stay unread: the runtime has them by the time that they could be cancelled. */
const SMALL_ANSWER = 16 * 1024;

type Body = ReadableStream<Uint8Array>;

/** A body for the main request and as many copies of it as there are mirrors. */
interface SharedBody {
  main: Body;
  copies: readonly Body[];
  /** Indexes of the copies that ended before the body did. */
  cut: ReadonlySet<number>;
}

/**
 * Sends copies of a share of the requests to mirrors. The main request goes first, and no mirror delays it or makes
 * it fail: a mirror that cannot keep up loses its copy. Upgrades are not mirrored.
 */
export const compileMirroring: ServiceFactory<Mirroring> = (name, options, context, service) => {
  const main = service(options.service);
  const mirrors = options.mirrors.map(({ service: target, percent }, index) => ({
    target: service(target),
    share: context.balance.share(name, index, percent),
  }));

  function findDue(exchange: Exchange): CompiledService[] {
    if (exchange.headers.get("upgrade") !== null) return [];
    const due = mirrors.filter(({ share }) => isDue(share)).map(({ target }) => target);
    return due.filter((target) => target.canServe(exchange));
  }

  function shareBody(exchange: Exchange, body: Body, due: readonly CompiledService[]): SharedBody {
    const cut = new Set<number>();
    const tapped = tapBody(body, {
      copies: due.length,
      maxQueued: MAX_QUEUED,
      maxSize: options.maxBodySize,
      onCut(copy, reason) {
        cut.add(copy);
        context.count(reason === "too-large" ? "mirror-too-large" : "mirror-cut", due[copy]?.name ?? name);
      },
    });
    const length = contentLength(exchange.headers);
    const known = (stream: Body) => withKnownLength(stream, length, context.fixedLength);
    return { main: known(tapped.main), copies: tapped.copies.map(known), cut };
  }

  async function handleMirrored(exchange: Exchange, due: readonly CompiledService[]): Promise<Response> {
    const body = bodyOf(exchange);
    const isShared = body !== null && options.mirrorBody && !keepsOwnBody(exchange);
    const shared = isShared ? shareBody(exchange, body, due) : undefined;
    const mirrors = new Mirrors(exchange, due, shared, context);

    const mainExchange = shared === undefined ? exchange : forkExchange(exchange, { body: shared.main });
    const answer = main.handle(mainExchange);
    exchange.waitUntil(mirrors.send());
    try {
      return await answer;
    } finally {
      exchange.failure = mainExchange.failure;
      mirrors.endWithin(DEADLINE_MS);
    }
  }

  return {
    name,
    endpointKeys: [...new Set([main, ...mirrors.map(({ target }) => target)].flatMap((each) => each.endpointKeys))],
    canServe: (exchange) => main.canServe(exchange),
    handle(exchange) {
      const due = findDue(exchange);
      if (due.length === 0) return main.handle(exchange);
      if (options.mirrorBody && isTooLarge(exchange, options.maxBodySize)) {
        for (const target of due) context.count("mirror-too-large", target.name);
        return main.handle(exchange);
      }
      return handleMirrored(exchange, due);
    },
  };
};

const isTooLarge = (exchange: Exchange, maxBodySize: number): boolean =>
  maxBodySize >= 0 && (contentLength(exchange.headers) ?? 0) > maxBodySize;

/** The mirrors of one request, from the copies that they are sent until each has answered or is given up. */
class Mirrors {
  readonly #context: ServiceContext;
  readonly #shared: SharedBody | undefined;
  readonly #copies: readonly { target: CompiledService; exchange: Exchange; isEnded: boolean }[];
  /** Of those that have a body. */
  readonly #abort: AbortController | undefined;
  #running: number;
  #end: (() => void) | undefined;
  #stopTimer: (() => void) | undefined;

  /** Copies the exchange as it is now. */
  constructor(
    exchange: Exchange,
    due: readonly CompiledService[],
    shared: SharedBody | undefined,
    context: ServiceContext,
  ) {
    this.#context = context;
    this.#shared = shared;
    this.#abort = shared === undefined ? undefined : new AbortController();
    this.#copies = due.map((target, index) => ({
      target,
      exchange: copyOf(exchange, shared?.copies[index], this.#abort?.signal),
      isEnded: false,
    }));
    this.#running = due.length;
  }

  /** Resolves when all have ended. */
  send(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#end = resolve;
    for (let index = 0; index < this.#copies.length; index++) void this.#sendOne(index);
    return promise;
  }

  /** Gives up those that have a body and have not answered in so many milliseconds. */
  endWithin(ms: number): void {
    if (this.#abort !== undefined && this.#running > 0)
      this.#stopTimer = this.#context.startTimer(() => this.#giveUp(), ms);
  }

  /** Throws away what the mirror answers. Never rejects. */
  async #sendOne(index: number): Promise<void> {
    const copy = this.#copies[index];
    if (copy === undefined) return;
    try {
      const response = await copy.target.handle(copy.exchange);
      this.#ended(index, copy.exchange.failure === undefined);
      if ((contentLength(response.headers) ?? Number.POSITIVE_INFINITY) > SMALL_ANSWER) await response.body?.cancel();
    } catch {
      this.#ended(index, false);
    }
  }

  #ended(index: number, hasAnswered: boolean): void {
    const copy = this.#copies[index];
    if (copy === undefined || copy.isEnded) return;
    copy.isEnded = true;
    if (hasAnswered) this.#context.count("mirrored", copy.target.name);
    else if (this.#shared?.cut.has(index) !== true) this.#context.count("mirror-failed", copy.target.name);
    if (--this.#running > 0) return;
    this.#stopTimer?.();
    this.#end?.();
  }

  #giveUp(): void {
    this.#abort?.abort(new DOMException("The mirror did not answer in time", "TimeoutError"));
    for (let index = 0; index < this.#copies.length; index++) this.#ended(index, false);
  }
}

/** @param body the mirror's own; undefined when it gets none, whatever the request has */
function copyOf(exchange: Exchange, body: Body | undefined, signal: AbortSignal | undefined): Exchange {
  const change = { mirror: true, ...(signal !== undefined && { signal }) };
  if (body !== undefined) return forkExchange(exchange, { ...change, body });
  // A request that never had one is copied as it is, which costs the runtime less.
  if (bodyOf(exchange) === null) return forkExchange(exchange, change);
  const copy = forkExchange(exchange, { ...change, body: null });
  for (const name of ["content-length", "transfer-encoding"]) copy.headers.delete(name);
  return copy;
}
