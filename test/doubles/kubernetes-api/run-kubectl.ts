import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** As the system has it: no package brings it. */
const PROGRAM = "kubectl";

export interface KubectlResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** The real kubectl on one kubeconfig, with a home of its own, so that it neither reads nor leaves anything else. */
export class Kubectl {
  private readonly home = mkdtempSync(join(tmpdir(), "sluice-kubectl-"));
  private readonly kubeconfig: string;
  private readonly children = new Set<ChildProcess>();

  constructor(kubeconfig: string) {
    this.kubeconfig = kubeconfig;
  }

  /** Runs it to its end, whatever that is. `input` is what it reads as `-f -`. */
  run(args: readonly string[], input = ""): Promise<KubectlResult> {
    return new Promise((resolve) => {
      const child = execFile(PROGRAM, args, { env: this.env(), timeout: 25_000 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr });
      });
      child.stdin?.on("error", () => {});
      child.stdin?.end(input);
    });
  }

  /** Starts one that goes on, and gives its lines. */
  follow(args: readonly string[]): AsyncIterator<string> {
    const child = spawn(PROGRAM, args, { env: this.env(), stdio: ["ignore", "pipe", "inherit"] });
    this.children.add(child);
    return createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  async close(): Promise<void> {
    const ends = [...this.children].map(
      (child) => child.exitCode !== null || new Promise((resolve) => child.once("close", resolve)),
    );
    for (const child of this.children) child.kill("SIGKILL");
    await Promise.all(ends);
    rmSync(this.home, { recursive: true, force: true });
  }

  private env(): Record<string, string | undefined> {
    const { PATH } = process.env;
    return { PATH, HOME: this.home, KUBECONFIG: this.kubeconfig, KUBECACHEDIR: join(this.home, "cache") };
  }
}
