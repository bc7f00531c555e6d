import type { BalanceState } from "../../src/balance/balance-state.ts";
import { nextChild } from "../../src/balance/rotation.ts";
import type { Choice } from "../health/choices.ts";
import type { DialFailures } from "./dial-failures.ts";
import type { Target, TargetSet } from "./target.ts";

/**
 * The targets that a request tries, each once: the one that its session is with; then from the next in turn the
 * other candidates; those that lately refused; at last the Service's own address. Nearly always only the first is
 * asked for, so the others are looked for when they are.
 *
 * @param key names the rotation, which goes on over new tables
 * @param choice where the load balancer asks for more than turns
 */
export function* orderTargets(
  targets: TargetSet,
  key: string,
  session: Target | undefined,
  balance: BalanceState,
  failures: DialFailures,
  choice?: Choice,
): Generator<Target, void> {
  if (choice !== undefined) {
    yield* orderChosen(targets, key, session, balance, failures, choice);
    return;
  }
  const { candidates, weights, lastResort } = targets;
  const [only] = candidates;
  if (candidates.length === 1 && only !== undefined && failures.isEmpty() && session === undefined) {
    yield only;
    if (lastResort !== undefined) yield lastResort;
    return;
  }
  const isUp = ({ authority }: Target): boolean => !failures.isDown(authority);
  const honoured = session !== undefined && isUp(session) ? session : undefined;
  if (honoured !== undefined) yield honoured;

  const othersUp = failures.isEmpty() || candidates.some((target) => target !== honoured && isUp(target));
  const canServe = (index: number): boolean => {
    const candidate = candidates[index];
    return candidate !== undefined && candidate !== honoured && (!othersUp || isUp(candidate));
  };
  const first = nextChild(balance.rotation(key, weights), canServe);
  const start = first === undefined ? undefined : candidates[first];
  if (first !== undefined && start !== undefined) {
    yield start;
    const others = [...candidates.slice(first + 1), ...candidates.slice(0, first)].filter((one) => one !== honoured);
    const down = others.filter((target) => !isUp(target));
    for (const target of others) if (!down.includes(target)) yield target;
    yield* down;
  }
  if (lastResort !== undefined) yield lastResort;
}

/**
 * The same by health and strategy. Those that are not healthy are left out, and with them the Service's own address,
 * which leads to any of them.
 */
function* orderChosen(
  { candidates, weights, lastResort }: TargetSet,
  key: string,
  session: Target | undefined,
  balance: BalanceState,
  failures: DialFailures,
  choice: Choice,
): Generator<Target, void> {
  const healthy = new Set(candidates.filter((target) => choice.mayServe(target)));
  const left = new Set(healthy);
  const isUp = ({ authority }: Target): boolean => !failures.isDown(authority);
  if (session !== undefined && isUp(session) && choice.mayServe(session)) {
    left.delete(session);
    yield session;
  }
  const next = choice.next ?? ((canServe) => nextChild(balance.rotation(key, weights), canServe));
  while (left.size > 0) {
    const someUp = failures.isEmpty() || [...left].some(isUp);
    const index = next((candidate) => {
      const target = candidates[candidate];
      return target !== undefined && left.has(target) && (!someUp || isUp(target));
    });
    const target = index === undefined ? undefined : candidates[index];
    if (target === undefined) break;
    left.delete(target);
    yield target;
  }
  if (lastResort !== undefined && healthy.size === candidates.length) yield lastResort;
}
