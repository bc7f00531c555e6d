import type { DialFailures } from "../dial-failures.ts";
import type { Target } from "../target.ts";

/**
 * The targets of an order, those first that have not failed this request: then those that have, which are known to take
 * connections; then those that lately took none; at last the Service's own address, which leads to any of them.
 */
export function* othersFirst(
  ordered: Iterable<Target>,
  tried: ReadonlySet<string>,
  lastResort: Target | undefined,
  failures: Pick<DialFailures, "isDown">,
): Generator<Target, void> {
  const later: [Target[], Target[], Target[]] = [[], [], []];
  for (const target of ordered) {
    if (target === lastResort) later[2].push(target);
    else if (failures.isDown(target.authority)) later[1].push(target);
    else if (tried.has(target.authority)) later[0].push(target);
    else yield target;
  }
  for (const targets of later) yield* targets;
}
