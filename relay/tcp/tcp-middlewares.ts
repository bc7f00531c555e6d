import { compileAddressBlock } from "../../src/rule/client-address.ts";
import type { TcpMiddleware } from "../../src/table/tcp.ts";

/** Lets a connection pass, or says why not. `leave` is called once when a connection that passed has ended. */
export type Admission = { outcome: "admitted"; leave: () => void } | { outcome: "refused"; by: TcpMiddleware["type"] };

/** A middleware, ready for connections. */
export type TcpGuard = (clientAddress: string) => Admission;

const pass = (): void => {};

/** Counts of connections by middleware and client, which outlive the tables. */
export type InFlight = Map<string, number>;

/** @param name tells the counts of one middleware from another's */
export function compileTcpMiddleware(name: string, middleware: TcpMiddleware, inFlight: InFlight): TcpGuard {
  switch (middleware.type) {
    case "ipAllowList": {
      const blocks = middleware.sourceRange.map(compileAddressBlock).filter((block) => block !== undefined);
      return (clientAddress) =>
        blocks.some((contains) => contains(clientAddress))
          ? { outcome: "admitted", leave: pass }
          : { outcome: "refused", by: "ipAllowList" };
    }
    case "inFlightConn":
      return (clientAddress) => {
        const key = `${name} ${clientAddress}`;
        const count = inFlight.get(key) ?? 0;
        if (count >= middleware.amount) return { outcome: "refused", by: "inFlightConn" };
        inFlight.set(key, count + 1);
        return { outcome: "admitted", leave: () => leave(inFlight, key) };
      };
  }
}

function leave(inFlight: InFlight, key: string): void {
  const count = (inFlight.get(key) ?? 1) - 1;
  if (count === 0) inFlight.delete(key);
  else inFlight.set(key, count);
}

/** Asks guards one after another: the first that refuses decides, and those before it let go. */
export function admit(guards: readonly TcpGuard[], clientAddress: string): Admission {
  const leaves: (() => void)[] = [];
  const leaveAll = (): void => {
    for (const leave of leaves.splice(0)) leave();
  };
  for (const guard of guards) {
    const admission = guard(clientAddress);
    if (admission.outcome === "refused") {
      leaveAll();
      return admission;
    }
    leaves.push(admission.leave);
  }
  return { outcome: "admitted", leave: leaveAll };
}
