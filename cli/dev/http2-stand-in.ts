import { request as requestHttp } from "node:http";
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";

const LOOPBACK = "127.0.0.1";
/** Headers of one connection, which HTTP/2 does not have (RFC 9113, section 8.2.2). */
const OF_CONNECTION = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "http2-settings", "te"]);

/**
 * The part of a stand-in Pod that speaks HTTP/2: a call of gRPC gets each of its messages back, any other request is
 * answered as over HTTP/1.1. Listens nowhere; connections are handed to it.
 *
 * @param http1Port where HTTP/1.1 is answered, on the loopback
 */
export function createHttp2StandIn(http1Port: () => number): Http2Server {
  const server = createServer();
  server.on("sessionError", () => {});
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    const { "content-type": type = "" } = headers;
    if (/^application\/grpc(?:[+;]|$)/.test(type)) giveBack(stream, type);
    else answerAsHttp1(stream, headers, http1Port());
  });
  return server;
}

function giveBack(stream: ServerHttp2Stream, type: string): void {
  stream.respond({ ":status": 200, "content-type": type }, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.pipe(stream);
}

function answerAsHttp1(stream: ServerHttp2Stream, received: IncomingHttpHeaders, port: number): void {
  const { ":method": method = "GET", ":path": path = "/", ":authority": host = "" } = received;
  const headers = Object.fromEntries(
    Object.entries(received).filter(([name]) => !name.startsWith(":") && !OF_CONNECTION.has(name)),
  );
  const request = requestHttp({ host: LOOPBACK, port, method, path, headers: { ...headers, host } });
  request.on("error", () => stream.destroy());
  request.on("response", (response) => {
    const answered = Object.entries(response.headers).filter(([name]) => !OF_CONNECTION.has(name));
    if (stream.destroyed) return;
    stream.respond({ ...Object.fromEntries(answered), ":status": response.statusCode ?? 502 });
    response.pipe(stream);
  });
  stream.on("close", () => request.destroy());
  stream.pipe(request);
}
