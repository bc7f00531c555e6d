import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { SessionSet, type SessionSetOptions } from "../../../relay/grpc/session-set.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(options: SessionSetOptions): Promise<{ set: SessionSet; port: number }> {
  const set = new SessionSet(options);
  const server = createServer((socket) =>
    set.serve(socket, { entryPoint: "grpc", tls: false, clientAddress: "127.0.0.1" }),
  ).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(
    () => set.close(0),
    () => server.close(),
  );
  return { set, port: (server.address() as { port: number }).port };
}

test("a connection whose idle time ran out during a call ends that long after it", async () => {
  const { set, port } = await serve({
    limitsOf: () => ({ idleTimeoutMs: 20 }),
    take: (stream) => stream.session?.once("timeout", () => stream.respond({ ":status": 200 }, { endStream: true })),
  });
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  closers.push(() => session.destroy());
  const ended = once(session, "close");
  const [headers] = await once(session.request(), "response");
  expect(headers[":status"]).toBe(200);
  await ended;
  await expect.poll(() => set.connections).toBe(0);
});
