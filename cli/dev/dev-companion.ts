import type { Socket } from "node:net";
import type { Companion } from "../../relay/tcp/companion.ts";
import { peek } from "../../relay/tcp/peek.ts";

/** How HTTP/2 without TLS begins (RFC 9113, section 3.4). */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** A client that says nothing for so long is one of HTTP, which waits as it likes. */
const FIRST_BYTES_MS = 60_000;

/** One of two: connections of gRPC go to `grpc`, all others to `http`. */
export function joinCompanions(http: Companion, grpc: Companion): Companion {
  return {
    takesTls: http.takesTls,
    claims: (hello, router) => http.claims(hello, router),
    take(socket, ends, hello) {
      if (hello !== undefined) {
        // Browsers and curl speak HTTP/1.1 as well, and mean HTTP.
        const isGrpc = hello.alpn.includes("h2") && !hello.alpn.includes("http/1.1");
        (isGrpc ? grpc : http).take(socket, ends, hello);
        return;
      }
      void readsPreface(socket).then((isGrpc) => (isGrpc ? grpc : http).take(socket, ends, undefined));
    },
  };
}

async function readsPreface(socket: Socket): Promise<boolean> {
  const peeked = await peek(socket, FIRST_BYTES_MS, (bytes) => {
    const length = Math.min(bytes.length, PREFACE.length);
    const isAlike = bytes.subarray(0, length).equals(PREFACE.subarray(0, length));
    return isAlike && length < PREFACE.length ? undefined : { value: isAlike, take: 0 };
  });
  return peeked.outcome === "read" && peeked.value;
}
