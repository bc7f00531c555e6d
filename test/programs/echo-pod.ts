import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** A Pod that answers a line with its name and the line, and closes after the line `end`. */
export interface EchoPod {
  readonly port: number;
  close(): Promise<void>;
}

export async function startEchoPod(name: string): Promise<EchoPod> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket)).on("error", () => {});
    let rest = "";
    socket.setEncoding("utf8").on("data", (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) socket.write(`${name} heard: ${line}\n`);
      if (lines.includes("end")) socket.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
