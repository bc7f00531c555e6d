import { isDue } from "../balance/rotation.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { bodyOf, forkExchange, keepsOwnBody } from "../exchange/fork-exchange.ts";
import { contentLength, withKnownLength } from "../origin/known-length.ts";
import type { Mirroring } from "../table/service.ts";
import type { CompiledService, ServiceContext, ServiceFactory } from "./service.ts";
import { tapBody } from "./tap-body.ts";

/** Bytes by which a mirror may lag behind the main request. */
const MAX_QUEUED = 1024 * 1024;
/** How long a mirror may go on after the main request's answer; the runtime ends it at 30 s. */
const DEADLINE_MS = 25_000;

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
    const deadline = new AbortController();
    const copies = due.map((_, index) => copyOf(exchange, shared?.copies[index], deadline.signal));

    const mainExchange = shared === undefined ? exchange : forkExchange(exchange, { body: shared.main });
    const answer = main.handle(mainExchange);
    let running = due.length;
    let stopTimer: (() => void) | undefined;
    due.forEach((target, index) => {
      const copy = copies[index];
      if (copy === undefined) return;
      const sent = sendMirror(target, copy, () => shared?.cut.has(index) === true, context);
      exchange.waitUntil(sent.then(() => --running === 0 && stopTimer?.()));
    });
    try {
      return await answer;
    } finally {
      exchange.failure = mainExchange.failure;
      if (running > 0) stopTimer = context.startTimer(() => deadline.abort(tooLate()), DEADLINE_MS);
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

const tooLate = (): DOMException => new DOMException("The mirror did not answer in time", "TimeoutError");

/** @param body the mirror's own; undefined when it gets none, whatever the request has */
function copyOf(exchange: Exchange, body: Body | undefined, signal: AbortSignal): Exchange {
  if (body !== undefined) return forkExchange(exchange, { body, mirror: true, signal });
  // A request that never had one is copied as it is, which costs the runtime less.
  if (bodyOf(exchange) === null) return forkExchange(exchange, { mirror: true, signal });
  const copy = forkExchange(exchange, { body: null, mirror: true, signal });
  for (const name of ["content-length", "transfer-encoding"]) copy.headers.delete(name);
  return copy;
}

/** Sends a mirror its copy and throws away what it answers. Never rejects. */
async function sendMirror(
  target: CompiledService,
  copy: Exchange,
  wasCut: () => boolean,
  { count }: ServiceContext,
): Promise<void> {
  try {
    const response = await target.handle(copy);
    if (copy.failure === undefined) count("mirrored", target.name);
    else if (!wasCut()) count("mirror-failed", target.name);
    await response.body?.cancel();
  } catch {
    if (!wasCut()) count("mirror-failed", target.name);
  }
}
