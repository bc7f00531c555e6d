import type { BalanceState } from "../balance/balance-state.ts";
import type { Exchange, Handler } from "../exchange/exchange.ts";
import type { Wrap } from "../middleware/middleware.ts";
import type { Report } from "../observe/report.ts";
import type { FixedLength } from "../origin/known-length.ts";
import type { Send } from "../origin/send.ts";

/** A service of the table, ready to answer. */
export interface CompiledService {
  /** Its name in the table. */
  readonly name: string;
  readonly handle: Handler;
  /** Whether it has anyone to ask in the generation that serves this exchange. */
  canServe(exchange: Exchange): boolean;
  /** The endpoints that it and the services below it ask for. */
  readonly endpointKeys: readonly string[];
}

/** What is counted, by service. */
type ServiceEvent =
  /** A mirror was sent a copy. */
  | "mirrored"
  /** A mirror lagged by more than its queue, or the main request ended before its body did. */
  | "mirror-cut"
  /** A body passed maxBodySize, so that its mirror got none of it, or a part. */
  | "mirror-too-large"
  /** A mirror did not answer, for another reason than the above. */
  | "mirror-failed"
  /** A fallback answered. */
  | "failed-over";

/** What services work with, shared by all that an isolate compiles. */
export interface ServiceContext {
  balance: BalanceState;
  /** The way through the origin gateway; undefined where there is none. */
  gateway: Send | undefined;
  /** The way of a plain fetch. */
  direct: Send;
  /** A middleware of the table by its name. Throws when it cannot be built. */
  middleware(name: string): Wrap;
  count(event: ServiceEvent, service: string): void;
  report: Report;
  /** Calls back after so many milliseconds, unless what it returns is called before. */
  startTimer(callback: () => void, ms: number): () => void;
  /** Where a client is, as rules ask for it; nowhere when unset. */
  country?: (request: Request) => string;
  /** Milliseconds since 1970; the runtime's own clock when unset. */
  now?: () => number;
  /** The runtime's way to give a stream of its own a known length, where it has one. */
  fixedLength?: FixedLength;
}

/** Compiles one kind of service. `service` gives those that it names. */
export type ServiceFactory<Options> = (
  name: string,
  options: Options,
  context: ServiceContext,
  service: (name: string) => CompiledService,
) => CompiledService;
