import { afterAll } from "vitest";
import { type Dev, type DevOptions, startDev } from "../../cli/dev/start-dev.ts";
import { type Answer, type SendOptions, send } from "./send.ts";

export const examples = "examples";
const running: Dev[] = [];

afterAll(() => Promise.all(running.splice(0).map((dev) => dev.close())));

export interface RunningExample {
  dev: Dev;
  /** Asks its web entry point. */
  ask(host: string, path?: string, options?: SendOptions): Promise<Answer>;
}

/** Starts an example as `sluice dev` does, on free ports; it is closed after the file's last test. */
export async function runExample(example: string, options: Omit<DevOptions, "dir"> = {}): Promise<RunningExample> {
  const dev = await startDev({ dir: `${examples}/${example}`, anyPort: true, ...options });
  running.push(dev);
  return { dev, ask: (host, path = "/", request = {}) => send(dev.url("web"), path, { host, ...request }) };
}
