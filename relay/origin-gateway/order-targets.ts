import type { BalanceState } from "../../src/balance/balance-state.ts";
import { nextChild } from "../../src/balance/rotation.ts";
import type { DialFailures } from "./dial-failures.ts";
import type { Target, TargetSet } from "./target.ts";

/**
 * The targets that a request tries, each once: the one that its session is with; then from the next in turn the
 * other candidates; those that lately refused; at last the Service's own address. Nearly always only the first is
 * asked for, so the others are looked for when they are.
 *
 * @param key names the rotation, which goes on over new tables
 */
export function* orderTargets(
  { candidates, weights, lastResort }: TargetSet,
  key: string,
  session: Target | undefined,
  balance: BalanceState,
  failures: DialFailures,
): Generator<Target, void> {
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
