import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a child does for its parent, by name. */
type Tasks = Record<string, (argument: never) => Promise<unknown>>;

interface Call {
  task: string;
  argument: unknown;
}

type Reply = { value: unknown } | { error: string };

/** A process of the benchmark: one call at a time. */
export interface Child {
  call<T>(task: string, argument?: unknown): Promise<T>;
  close(): void;
}

/** Starts a file of this folder that ends in `answerParent`; resolves when it can be called. */
export async function startChild(file: string): Promise<Child> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  await nextMessage(child);
  return {
    async call<T>(task: string, argument?: unknown): Promise<T> {
      const reply = nextMessage(child);
      child.send({ task, argument } satisfies Call);
      const answer = (await reply) as Reply;
      if ("error" in answer) throw new Error(answer.error);
      return answer.value as T;
    },
    close: () => child.disconnect(),
  };
}

/** Serves the parent's calls, and ends with it. */
export function answerParent(tasks: Tasks): void {
  process.on("disconnect", () => process.exit());
  process.on("message", async ({ task, argument }: Call) => {
    try {
      process.send?.({ value: await tasks[task]?.(argument as never) } satisfies Reply);
    } catch (error) {
      process.send?.({ error: String(error) } satisfies Reply);
    }
  });
  process.send?.("ready");
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error("a process of the benchmark ended"));
    child.once("exit", onExit);
    child.once("message", (message) => {
      child.off("exit", onExit);
      resolve(message);
    });
  });
}
