import type { HopFailure } from "../hop/hop.ts";
import type { Endpoints } from "../table/service.ts";
import { EditableHeaders } from "./editable-headers.ts";
import type { Exchange, WaitUntil } from "./exchange.ts";

export type ExchangeInit = Omit<
  Exchange,
  "router" | "branch" | "authority" | "headers" | "body" | "mirror" | "signal" | "guards" | "failure"
> &
  Partial<Pick<Exchange, "router">>;

/** One request's exchange, with its headers as they came; `host` is the client's. */
export function createExchange(init: ExchangeInit): Exchange {
  return new RequestExchange(init);
}

class RequestExchange implements Exchange {
  readonly request: Request;
  readonly scheme: "http" | "https";
  readonly entryPoint: string;
  readonly router: string;
  branch: string | undefined;
  readonly authority: string;
  host: string;
  path: string;
  query: string;
  readonly client: Exchange["client"];
  readonly headers: EditableHeaders;
  readonly endpoints: (key: string) => Endpoints | undefined;
  readonly waitUntil: WaitUntil;
  guards: Exchange["guards"];
  failure: HopFailure | undefined;
  readonly access: Exchange["access"];

  constructor(init: ExchangeInit) {
    this.request = init.request;
    this.scheme = init.scheme;
    this.entryPoint = init.entryPoint;
    this.router = init.router ?? "";
    this.branch = undefined;
    this.authority = init.host;
    this.host = init.host;
    this.path = init.path;
    this.query = init.query;
    this.client = init.client;
    this.headers = new EditableHeaders(init.request.headers, init.client.trusted);
    this.endpoints = init.endpoints;
    this.waitUntil = init.waitUntil;
    this.guards = undefined;
    this.failure = undefined;
    this.access = init.access;
  }
}
