import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { RunningGateway } from "../../relay/origin-gateway/start-gateway.ts";
import { HOP_HEADER, type Hop } from "../../src/hop/hop.ts";
import { hopTo } from "./gateway-harness.ts";

const sessions: ClientHttp2Session[] = [];

export function closeSessions(): void {
  for (const session of sessions.splice(0)) session.destroy();
}

/** A connection of an edge that speaks HTTP/2. */
export function openHttp2({ address: { host, port } }: RunningGateway): ClientHttp2Session {
  const session = connect(`http://${host}:${port}`);
  session.on("error", () => {});
  sessions.push(session);
  return session;
}

export async function ask(
  session: ClientHttp2Session,
  service: string,
  headers: OutgoingHttpHeaders = {},
  { hop, isOpen = false, trailers }: { hop?: Partial<Hop>; isOpen?: boolean; trailers?: OutgoingHttpHeaders } = {},
): Promise<ClientHttp2Stream> {
  const stream = session.request(
    { ":authority": "gateway.internal", [HOP_HEADER]: await hopTo(service, hop), ...headers },
    { endStream: !isOpen, waitForTrailers: trailers !== undefined },
  );
  stream.on("error", () => {});
  if (trailers !== undefined) stream.once("wantTrailers", () => stream.sendTrailers(trailers));
  return stream;
}

/** Without regard to errors, which `once` would throw. */
export const closing = (stream: ClientHttp2Stream): Promise<void> =>
  new Promise((resolve) => {
    stream.once("close", () => resolve());
  });

export async function readAll(stream: ClientHttp2Stream) {
  const response = once(stream, "response") as Promise<[IncomingHttpHeaders & { ":status": number }]>;
  let trailers: IncomingHttpHeaders = {};
  stream.on("trailers", (lines: IncomingHttpHeaders) => {
    trailers = lines;
  });
  const [headers] = await response;
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { status: headers[":status"], headers, trailers, text: Buffer.concat(chunks).toString() };
}
