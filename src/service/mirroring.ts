import { isDue } from "../balance/rotation.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { bodyOf, forkExchange, keepsOwnBody } from "../exchange/fork-exchange.ts";
import { contentLength, withKnownLength } from "../origin/known-length.ts";
import type { Mirroring } from "../table/service.ts";
import type { CompiledService, ServiceContext, ServiceFactory } from "./service.ts";
import { type TappedBody, tapBody } from "./tap-body.ts";

/** Bytes by which a mirror may lag behind the main request. */
const MAX_QUEUED = 1024 * 1024;
/** How long a mirror may go on after the main request's answer; the runtime ends it at 30 s. */
const DEADLINE_MS = 25_000;

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

  async function handleMirrored(exchange: Exchange, due: CompiledService[]): Promise<Response> {
    const cut = new Set<number>();
    const length = contentLength(exchange.headers);
    const knownLength = (stream: ReadableStream<Uint8Array>) => withKnownLength(stream, length, context.fixedLength);
    const body = options.mirrorBody && !keepsOwnBody(exchange) ? bodyOf(exchange) : null;
    const tapped =
      body === null
        ? undefined
        : tapBody(body, {
            copies: due.length,
            maxQueued: MAX_QUEUED,
            maxSize: options.maxBodySize,
            onCut(copy, reason) {
              cut.add(copy);
              context.count(reason === "too-large" ? "mirror-too-large" : "mirror-cut", due[copy]?.name ?? name);
            },
          });

    const deadline = new AbortController();
    const copies = due.map((_, index) => copyOf(exchange, tapped?.copies[index], deadline.signal, knownLength));
    const mainExchange = tapped === undefined ? exchange : forkExchange(exchange, { body: knownLength(tapped.main) });
    const answer = main.handle(mainExchange);
    due.forEach((target, index) => {
      const copy = copies[index];
      if (copy !== undefined) exchange.waitUntil(sendMirror(target, copy, () => cut.has(index), context));
    });
    try {
      return await answer;
    } finally {
      exchange.failure = mainExchange.failure;
      const limit = context.timeout(DEADLINE_MS);
      limit.addEventListener("abort", () => deadline.abort(limit.reason), { once: true });
    }
  }

  return {
    name,
    endpointKeys: [...new Set([main, ...mirrors.map(({ target }) => target)].flatMap((each) => each.endpointKeys))],
    canServe: (exchange) => main.canServe(exchange),
    async handle(exchange) {
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

function copyOf(
  exchange: Exchange,
  body: TappedBody["main"] | undefined,
  signal: AbortSignal,
  knownLength: (stream: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>,
): Exchange {
  const copy = forkExchange(exchange, { body: body === undefined ? null : knownLength(body), mirror: true, signal });
  if (body === undefined) for (const name of ["content-length", "transfer-encoding"]) copy.headers.delete(name);
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
