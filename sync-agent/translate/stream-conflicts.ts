import type { TcpRouter, UdpRouter } from "../../src/table/tcp.ts";
import { refOf } from "./fragment.ts";
import type { Problem } from "./problem.ts";
import type { Contribution, TablePart } from "./table-part.ts";
import { readTieBreaker } from "./tie-breaker.ts";

interface Claim {
  readonly owner: Contribution;
  readonly router: TcpRouter | UdpRouter;
  readonly entryPoint: string;
}

/** A router that gets nothing on some of its entry points. */
interface Loss {
  loser: Claim;
  /** Who takes it, by entry point. */
  winners: Map<string, Claim>;
}

/**
 * Routers of which one takes everything that another asks for: of TCP with the same entry point, rule and priority, of
 * UDP with the same entry point. An update costs what it exchanges.
 */
export class StreamConflicts {
  readonly #claims = new Map<string, Claim[]>();
  readonly #contested = new Set<string>();
  #problems: readonly Problem[] | undefined;

  add(owner: Contribution, table: TablePart): void {
    for (const [key, claim] of claimsOf(owner, table)) {
      const claims = this.#claims.get(key);
      if (claims === undefined) this.#claims.set(key, [claim]);
      else {
        claims.push(claim);
        this.#contested.add(key);
        this.#problems = undefined;
      }
    }
  }

  remove(owner: Contribution, table: TablePart): void {
    for (const [key] of claimsOf(owner, table)) {
      const rest = (this.#claims.get(key) ?? []).filter((claim) => claim.owner !== owner);
      if (rest.length > 0) this.#claims.set(key, rest);
      else this.#claims.delete(key);
      if (!this.#contested.has(key)) continue;
      this.#problems = undefined;
      if (rest.length < 2) this.#contested.delete(key);
    }
  }

  /** One for each router that gets nothing on some entry point, in the order of their tie-breakers. */
  problems(): readonly Problem[] {
    this.#problems ??= this.#findProblems();
    return this.#problems;
  }

  #findProblems(): Problem[] {
    const losses = new Map<Claim["router"], Loss>();
    for (const key of this.#contested) {
      const [winner, ...losers] = (this.#claims.get(key) ?? []).toSorted(byTieBreaker);
      if (winner === undefined) continue;
      for (const loser of losers) {
        const loss = losses.get(loser.router) ?? { loser, winners: new Map() };
        losses.set(loser.router, loss);
        loss.winners.set(loser.entryPoint, winner);
      }
    }
    return [...losses.values()].sort((a, b) => byTieBreaker(a.loser, b.loser)).map(toProblem);
  }
}

function* claimsOf(owner: Contribution, { tcpRouters, udpRouters }: TablePart): Iterable<[string, Claim]> {
  for (const router of tcpRouters) {
    const { priority, rule, tls } = router;
    for (const entryPoint of router.entryPoints) {
      // Connections with TLS and those without it have routers of their own.
      const key = JSON.stringify([entryPoint, tls === undefined, priority, rule]);
      yield [key, { owner, router, entryPoint }];
    }
  }
  for (const router of udpRouters) {
    for (const entryPoint of router.entryPoints) yield [`udp ${entryPoint}`, { owner, router, entryPoint }];
  }
}

const byTieBreaker = (a: Claim, b: Claim): number =>
  a.router.tieBreaker < b.router.tieBreaker ? -1 : a.router.tieBreaker > b.router.tieBreaker ? 1 : 0;

function toProblem({ loser: { owner, router }, winners }: Loss): Problem {
  // In the router's own order: which was contested first is a matter of chance.
  const entryPoints = router.entryPoints.filter((name) => winners.has(name));
  const objects = new Set(entryPoints.flatMap((name) => winners.get(name)?.owner ?? []));
  const others = [...objects].map((winner) => (winner === owner ? "an earlier route of this object" : nameOf(winner)));
  const names = entryPoints.map((name) => `\`${name}\``).join(", ");
  const where = `the entry point${entryPoints.length === 1 ? "" : "s"} ${names}`;
  const other = others.join(" or ");
  const isTcp = "rule" in router;
  return {
    code: "router-conflict",
    severity: isTcp || entryPoints.length < router.entryPoints.length ? "warning" : "error",
    object: refOf(owner.object),
    path: pathOf(router),
    message: isTcp
      ? `On ${where} ${other} has the same rule and priority; this route gets no connections there`
      : `On ${where} ${other} takes all datagrams; this route gets none there`,
    hint: isTcp ? "Tell their rules or priorities apart, or take one away" : "Give each an entry point of its own",
  };
}

const nameOf = ({ object: { kind, metadata } }: Contribution): string =>
  `the ${kind} \`${metadata.namespace ?? ""}/${metadata.name}\``;

/** What a router conflicts by, in the object that it comes from. */
function pathOf(router: Claim["router"]): (string | number)[] {
  const { kind, places = [] } = readTieBreaker(router.tieBreaker) ?? {};
  const [first] = places;
  if (first === undefined) return [];
  if (kind === "IngressRouteTCP") return ["spec", "routes", first, "match"];
  return ["spec", kind === "IngressRouteUDP" ? "routes" : "rules", first];
}
