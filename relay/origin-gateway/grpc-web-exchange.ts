import type { IncomingHttpHeaders } from "node:http";
import type { Duplex, Readable } from "node:stream";
import type { LoadBalancer, ServersTransport } from "../../src/table/service.ts";
import type { ClientExchange } from "./client-exchange.ts";
import { decodeText, type GrpcWebMode, readGrpcWebType, trailerFrame } from "./grpc-web.ts";

/**
 * Whether a request is gRPC-Web for a service that speaks HTTP/2, and so gRPC: Workers have neither HTTP/2 to their
 * origins nor trailers, so the gateway is where the one becomes the other.
 *
 * The content type and the scheme are enough to go by; nothing has to switch it on. A server of gRPC answers 415 to
 * gRPC-Web, and one that speaks both answers gRPC as well. Over TLS a service may turn out to speak HTTP/1.1 only: who
 * serves gRPC-Web that way says `disableHTTP2`.
 */
export const isGrpcWeb = (
  client: ClientExchange,
  { scheme }: LoadBalancer,
  transport: ServersTransport | undefined,
): boolean =>
  client.method === "POST" &&
  (scheme === "h2c" || (scheme === "https" && transport?.disableHttp2 !== true)) &&
  readGrpcWebType(client.headers["content-type"]) !== undefined;

/** What the Pod's answer is recognised by, and its message format. */
const GRPC_TYPE = /^application\/grpc(\+[\w.-]+)?\s*(?:;.*)?$/i;

/** What says how a body is written down, and where it ends. */
const REPLACED = new Set(["content-type", "content-length", "accept"]);

/** A client of gRPC-Web, as one of gRPC: frames are the same, trailers are the last frame (PROTOCOL-WEB.md of gRPC). */
export class GrpcWebExchange implements ClientExchange {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly upgrade = undefined;
  readonly trailers = [];
  readonly #client: ClientExchange;
  readonly #asked: GrpcWebMode;
  readonly #answered: GrpcWebMode;
  /** Whether the Pod's answer is gRPC: what else comes goes on as it is. */
  #isGrpc = false;
  #hasStatus = false;

  constructor(client: ClientExchange) {
    const { mode, suffix } = readGrpcWebType(client.headers["content-type"]) ?? { mode: "binary", suffix: "" };
    this.#client = client;
    this.#asked = mode;
    this.#answered = /grpc-web-text/i.test(client.headers.accept ?? "") ? "text" : mode;
    this.method = client.method;
    this.target = client.target;
    const contentType = `application/grpc${suffix}`;
    const { "content-length": _, accept: __, ...rest } = client.headers;
    this.headers = { ...rest, "content-type": contentType, te: "trailers" };
    this.rawHeaders = [...withoutReplaced(client.rawHeaders), "content-type", contentType];
  }

  get hasBody(): boolean {
    return this.#client.hasBody;
  }

  get body(): Readable {
    return this.#client.body;
  }

  get isClosed(): boolean {
    return this.#client.isClosed;
  }

  get isAnswered(): boolean {
    return this.#client.isAnswered;
  }

  get hasBegun(): boolean {
    return this.#client.hasBegun;
  }

  readBody(onTaken: () => void): AsyncIterable<Buffer> {
    const body = this.#client.readBody(onTaken);
    return this.#asked === "text" ? decodeText(body) : body;
  }

  onClose(listener: () => void): void {
    this.#client.onClose(listener);
  }

  offClose(listener: () => void): void {
    this.#client.offClose(listener);
  }

  onDrain(listener: () => void): void {
    this.#client.onDrain(listener);
  }

  invite(): void {
    this.#client.invite();
  }

  begin(status: number, message: string, lines: string[]): void {
    const type = lineOf(lines, "content-type")?.match(GRPC_TYPE);
    this.#isGrpc = type !== null && type !== undefined;
    this.#hasStatus = lineOf(lines, "grpc-status") !== undefined;
    if (!this.#isGrpc) {
      this.#client.begin(status, message, lines);
      return;
    }
    const contentType = `application/grpc-web${this.#answered === "text" ? "-text" : ""}${type?.[1] ?? ""}`;
    this.#client.begin(status, message, ["content-type", contentType, ...withoutReplaced(lines)]);
  }

  write(chunk: Buffer): boolean {
    return this.#client.write(this.#isGrpc ? this.#encode(chunk) : chunk);
  }

  end(trailers: readonly string[] = []): void {
    // Without a body the status stands in the headers, where clients look first.
    if (this.#isGrpc && !(trailers.length === 0 && this.#hasStatus)) {
      this.#client.write(this.#encode(trailerFrame(trailers)));
    }
    this.#client.end();
  }

  cut(): void {
    this.#client.cut();
  }

  endConnection(): void {
    this.#client.endConnection();
  }

  tunnel(pod: Duplex): void {
    pod.destroy();
    this.cut();
  }

  /** Each piece is padded: a client decodes what it has, without waiting for the next. */
  #encode(chunk: Buffer): Buffer | string {
    return this.#answered === "text" ? chunk.toString("base64") : chunk;
  }
}

const withoutReplaced = (lines: readonly string[]): string[] =>
  lines.flatMap((name, i) => (i % 2 === 1 || REPLACED.has(name.toLowerCase()) ? [] : [name, lines[i + 1] ?? ""]));

function lineOf(lines: readonly string[], lowerName: string): string | undefined {
  const at = lines.findIndex((line, i) => i % 2 === 0 && line.toLowerCase() === lowerName);
  return at === -1 ? undefined : lines[at + 1];
}
