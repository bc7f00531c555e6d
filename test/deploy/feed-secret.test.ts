import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { FEED_PATH } from "../../src/feed/feed-document.ts";
import { emptyTable } from "../../src/table/empty-table.ts";
import { startFeed } from "../../sync-agent/feed/start-feed.ts";

/** The commands of docs/deploy.md that make the files of a feed's Secret. */
const commands = [...(await readFile("docs/deploy.md", "utf8")).matchAll(/^ {4}(openssl .* feed[.-].*)$/gm)].map(
  ([, command = ""]) => command,
);
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-feed-"));
  expect(commands).toHaveLength(2);
  for (const command of commands) await promisify(execFile)("sh", ["-c", command], { cwd: dir });
});

afterAll(() => rm(dir, { recursive: true }));

it("the feed's Secret that docs/deploy.md makes is one by which relays know the agents", async () => {
  const [token, cert, key] = await Promise.all(
    ["feed-token", "feed.crt", "feed.key"].map(async (file) => (await readFile(join(dir, file), "utf8")).trim()),
  );
  if (token === undefined || cert === undefined || key === undefined) throw new Error("a file is missing");
  const feed = await startFeed({
    listen: { host: "127.0.0.1", port: 0 },
    token,
    tls: { cert, key },
    freshAt: Date.now,
  });
  feed.publish({ pointer: null, table: emptyTable() });
  const statusAs = async (servername: string): Promise<number | undefined> => {
    const { port } = feed.address;
    const headers = { authorization: `Bearer ${token}`, host: `${servername}:9443` };
    const sent = request({ host: "127.0.0.1", port, path: FEED_PATH, servername, ca: cert, headers, agent: false });
    sent.end();
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    answer.destroy();
    return answer.statusCode;
  };
  try {
    expect(await statusAs("sluice-agent.sluice.svc")).toBe(200);
    await expect(statusAs("sluice-agent.other.svc")).rejects.toThrow("altnames");
  } finally {
    await feed.close();
  }
});
