import { hashNames, pickByKey } from "../balance/rendezvous.ts";
import { nextChild, type Rotation } from "../balance/rotation.ts";
import { dropBody } from "../exchange/drop-body.ts";
import { editResponse } from "../exchange/edit-response.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { bodyOf, forkExchange } from "../exchange/fork-exchange.ts";
import type { ClientKey, Weighted } from "../table/service.ts";
import { clientKeyOf } from "./client-key.ts";
import { noAvailableServer } from "./no-available-server.ts";
import type { ServiceFactory } from "./service.ts";
import { createStickySession } from "./sticky-session.ts";

/**
 * Shares requests, or with a `clientKey` clients, among services by weight; children that cannot serve are left out. A
 * sticky session keeps its child as long as that can serve, also at weight 0.
 */
export const compileWeighted: ServiceFactory<Weighted> = (name, { children, sticky, clientKey }, context, service) => {
  const targets = children.map((child) => service(child.service));
  const weights = children.map((child) => child.weight);
  const session = sticky === undefined ? undefined : createStickySession(sticky, children, context.now ?? Date.now);

  const childCanServe = (exchange: Exchange, child: number): boolean => targets[child]?.canServe(exchange) ?? false;
  const findStuck = (exchange: Exchange) => {
    const stuckTo = session?.find(exchange);
    return stuckTo !== undefined && childCanServe(exchange, stuckTo.child) ? stuckTo : undefined;
  };
  const chooseChild =
    clientKey === undefined ? inTurn(context.balance.rotation(name, weights)) : byClient(clientKey, children, weights);

  const withSession = (response: Response, child: number, stuckTo?: ReturnType<typeof findStuck>): Response => {
    const line = session?.line(child, stuckTo);
    if (line === undefined) return response;
    const [name, value] = line;
    return editResponse(response, (headers) =>
      name === "set-cookie" ? headers.append(name, value) : headers.set(name, value),
    );
  };

  /**
   * Only the gateway knows that probes have found all of a child's endpoints ill: its share goes to the others.
   *
   * @param asItCame the exchange as it was before the first child was asked
   */
  async function askSibling(asItCame: Exchange, first: number, answer: Response): Promise<Response> {
    const asked = new Set([first]);
    let response = answer;
    for (;;) {
      const child = chooseChild(asItCame, (index) => !asked.has(index) && childCanServe(asItCame, index));
      const target = child === undefined ? undefined : targets[child];
      if (child === undefined || target === undefined) return response;
      asked.add(child);
      dropBody(response);
      const exchange = copyEdited(asItCame) ?? asItCame;
      exchange.failure = undefined;
      response = await target.handle(exchange);
      asItCame.failure = exchange.failure;
      const isChanged = exchange === asItCame && exchange.headers.isEdited;
      if (exchange.failure !== "no-endpoint" || isChanged) return withSession(response, child);
    }
  }

  return {
    name,
    endpointKeys: [...new Set(targets.flatMap((target) => target.endpointKeys))],
    canServe: (exchange) =>
      children.some(({ weight }, child) => weight > 0 && childCanServe(exchange, child)) ||
      findStuck(exchange) !== undefined,
    async handle(exchange) {
      const stuckTo = findStuck(exchange);
      const child = stuckTo?.child ?? chooseChild(exchange, (index) => childCanServe(exchange, index));
      const target = child === undefined ? undefined : targets[child];
      if (child === undefined || target === undefined) {
        exchange.failure = "no-endpoint";
        return noAvailableServer();
      }
      const { path, query, host } = exchange;
      const isAlone = children.length === 1 || bodyOf(exchange) !== null;
      const copy = isAlone ? undefined : copyEdited(exchange);
      const response = await target.handle(exchange);
      if (exchange.failure !== "no-endpoint" || isAlone) return withSession(response, child, stuckTo);
      if (copy !== undefined) {
        const answer = await askSibling(copy, child, response);
        exchange.failure = copy.failure;
        return answer;
      }
      const isAsItCame = exchange.path === path && exchange.query === query && exchange.host === host;
      if (isAsItCame && !exchange.headers.isEdited) return askSibling(exchange, child, response);
      return withSession(response, child, stuckTo);
    },
  };
};

/** A copy where edits of what is asked could not be told from those before; undefined where they can. */
const copyEdited = (exchange: Exchange): Exchange | undefined =>
  exchange.headers.isEdited ? forkExchange(exchange, {}) : undefined;

type ChooseChild = (exchange: Exchange, canServe: (child: number) => boolean) => number | undefined;

const inTurn =
  (rotation: Rotation): ChooseChild =>
  (_, canServe) =>
    nextChild(rotation, canServe);

/** By what stays the same over tables: a child's name in the table changes with its options. */
function byClient(clientKey: ClientKey, children: Weighted["children"], weights: readonly number[]): ChooseChild {
  const seen = new Map<string, number>();
  const names = children.map(({ cookieValue, service }) => {
    const name = cookieValue ?? service;
    const earlier = seen.get(name) ?? 0;
    seen.set(name, earlier + 1);
    // One that stands there twice has both its shares.
    return earlier === 0 ? name : `${name} ${earlier}`;
  });
  const hashes = hashNames(names);
  return ({ client, headers }, canServe) => {
    const key = clientKeyOf(clientKey, { address: client.address, header: (name) => headers.get(name) });
    return pickByKey(key, hashes, weights, canServe);
  };
}
