import { type AddressInfo, createServer, type Socket } from "node:net";
import { answerParent } from "./child.ts";

/**
 * A process that stands in for the gateway and the Pods behind it: it answers each GET with the same 1 KiB and counts
 * what came. It looks at no token, since the gateway's own CPU is not what is measured.
 */
export interface OriginCounts {
  requests: number;
  /** Those that carried a packed hop. */
  hops: number;
}

const answer = Buffer.from(
  `${[
    "HTTP/1.1 200 OK",
    "Content-Type: application/json; charset=utf-8",
    "Content-Length: 1024",
    "Cache-Control: private, max-age=0",
    "Date: Sat, 21 Nov 2026 06:00:00 GMT",
    'ETag: "5d8c72a5edda8d6a"',
  ].join("\r\n")}\r\n\r\n${"x".repeat(1024)}`,
);

const HEAD_END = "\r\n\r\n";
let counts: OriginCounts = { requests: 0, hops: 0 };

function serve(socket: Socket): void {
  let pending = "";
  socket.setNoDelay(true);
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    pending += chunk;
    for (let end = pending.indexOf(HEAD_END); end !== -1; end = pending.indexOf(HEAD_END)) {
      counts.requests++;
      if (/^sluice-hop:/im.test(pending.slice(0, end))) counts.hops++;
      pending = pending.slice(end + HEAD_END.length);
      socket.write(answer);
    }
  });
  socket.on("error", () => socket.destroy());
}

const server = createServer(serve);
server.listen(0, "127.0.0.1", () => {
  answerParent({
    port: async () => (server.address() as AddressInfo).port,
    take: async (): Promise<OriginCounts> => {
      const taken = counts;
      counts = { requests: 0, hops: 0 };
      return taken;
    },
  });
});
